"""Labels without case take it from the reading; their letters never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.training.ctc.case import transfer_case

CASES = [
    ("TOTAL AMOUNT: 31.00", "Total Amount: 31.00", "Total Amount: 31.00"),
    ("TOTAL AMOUNT", "Total Amcunt", "Total Amount"),
    ("THANK YOU", "Thankyou", "Thank you"),
    ("GST REG NO", "GST Reg No", "GST Reg No"),
    ("CASH", "xyz", "CASH"),
    ("12.50", "12.50", "12.50"),
    ("", "abc", ""),
    ("STRASSE", "Straße", "Strasse"),
]


@pytest.mark.parametrize(("label", "reading", "wanted"), CASES)
def test_case_comes_from_the_reading(label: str, reading: str, wanted: str) -> None:
    assert transfer_case(label, reading).text == wanted


@given(st.text(), st.text())
def test_only_case_ever_changes(label: str, reading: str) -> None:
    cased = transfer_case(label, reading)
    assert len(cased.text) == len(label)
    assert all(
        a == b or a.lower() == b.lower() or a.upper() == b.upper()
        for a, b in zip(cased.text, label, strict=True)
    )
