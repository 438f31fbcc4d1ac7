import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.evaluation.diff import MAX_CHARACTERS, Mark, diff

TEXTS = st.text(st.sampled_from("aAb1 \n"), max_size=40)


@pytest.mark.parametrize(
    ("reference", "text", "case_blind", "marks"),
    [
        ("TOTAL", "TOTAL", False, [Mark("same", "TOTAL")]),
        ("TOTAL\n5", "TOTAL 5", False, [Mark("same", "TOTAL 5")]),
        ("TOTAL", "Total", True, [Mark("same", "Total")]),
        ("SDN BHD", "SDNBHD", False, [Mark("same", "SDN"), Mark("missing", "␣"), Mark("same", "BHD")]),
        ("THANK", "", False, [Mark("missing", "THANK")]),
        ("", "ghost", False, [Mark("superfluous", "ghost")]),
        (
            "TOTAL 31.00",
            "TOTAL 3l.00",
            False,
            [Mark("same", "TOTAL 3"), Mark("missing", "1"), Mark("superfluous", "l"), Mark("same", ".00")],
        ),
        ("", "", False, []),
    ],
)
def test_marks(reference, text, case_blind, marks):
    assert diff(reference, text, case_blind=case_blind) == marks


@given(TEXTS, TEXTS)
def test_without_what_is_missing_the_reading_is_left(reference, text):
    said = "".join(m.text for m in diff(reference, text, case_blind=False) if m.kind != "missing")
    assert said.replace("␣", " ").replace("⏎", "").split() == text.split()


def test_long_texts_are_cut():
    assert sum(len(m.text) for m in diff("a" * 50_000, "a" * 50_000, case_blind=False)) == MAX_CHARACTERS
