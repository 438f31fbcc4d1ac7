"""Rows of sums: where lines end, and what they come to."""

from decimal import Decimal

import pytest

from recto.documents.transcript import Transcript
from recto.extraction.items.grid import Row, rows_of
from recto.extraction.items.sums import come_to, ends, fits, sum_rows
from recto.extraction.sheet import lines_of_text, sheet_of


def rows(text: str) -> list[Row]:
    return rows_of(sheet_of([Transcript("a.txt", 1, 700, 900, text, lines_of_text(text), "text")]))


@pytest.mark.parametrize(
    "text",
    [
        "Total   5.00",
        "TAKEOUT TOTAL (INCL GST)   5.00",
        "Sub-Total   5.00",
        "Zwischensumme   5,00",
        "Total HT   5,00",
        "Base imponible   5,00",
        "VAT 20%   5.00",
        "TAX 20T   5.00",
        "CASH (RM)   5.00",
        "Service charge 10%   5.00",
        "5.9   TYPE: 2   TOTAL   10.40",
    ],
)
def test_rows_of_sums(text: str) -> None:
    assert sum_rows(rows(text)) == {0}


@pytest.mark.parametrize(
    "text", ["Cash box   5.00", "Net cable   5.00", "Tea   5.00", "Total", "Bar stool   9.00"]
)
def test_rows_that_are_none(text: str) -> None:
    assert sum_rows(rows(text)) == frozenset()


def test_a_sum_whose_amount_stands_below_its_name() -> None:
    assert sum_rows(rows("Tea   5.00\nTOTAL\nRM 5.00\nthank you 7")) == {2}


def test_lines_may_end_at_each_sum_and_at_what_they_come_to() -> None:
    bill = rows("Total   9.00\nTea   4.00\nCake   5.00\nAll of it   9.00\nTotal   9.00")
    assert ends(bill, 0, sum_rows(bill)) == [3, 4]
    assert ends(rows("Tea   4.00"), 0, ()) == [1]


def test_what_lines_come_to() -> None:
    bill = rows("Tea   4.00\nGST   0.24\nTotal   4.24")
    sums = come_to(bill, 1, {"total": Decimal("4.24")})
    assert fits(Decimal("4.00"), sums) and fits(Decimal("4.25"), sums)
    assert not fits(Decimal("4.10"), sums)
