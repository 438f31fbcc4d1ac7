"""Pairing of detected lines with labelled lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.documents.transcript import Box, Line
from recto.training.ctc.pairing import pair

A = Line("DATE", (10, 10, 60, 30))
COLON = Line(":", (64, 12, 70, 28))
DAY = Line("09/01", (80, 10, 140, 30))
BELOW = Line("TOTAL", (10, 40, 80, 60))


@pytest.mark.parametrize(
    ("detected", "lines", "labels", "missed"),
    [
        ([(8, 8, 62, 32)], [A], ("DATE",), ()),
        ([(8, 8, 145, 32)], [DAY, A, COLON], ("DATE : 09/01",), ()),
        ([(200, 10, 260, 30)], [A], ("",), (A,)),
        ([(8, 8, 30, 32), (31, 8, 62, 32)], [A], (None, None), (A,)),
        ([(8, 8, 145, 62)], [A, BELOW], (None,), ()),
        ([(8, 8, 62, 32), (8, 38, 82, 62)], [A, BELOW], ("DATE", "TOTAL"), ()),
        ([], [A], (), (A,)),
        ([(8, 8, 62, 32)], [], ("",), ()),
    ],
    ids=["one", "joined", "elsewhere", "cut apart", "two rows", "two lines", "nothing found", "no labels"],
)
def test_pairs(
    detected: list[Box], lines: list[Line], labels: tuple[str | None, ...], missed: tuple[Line, ...]
) -> None:
    pairing = pair(detected, lines)
    assert (pairing.labels, pairing.missed) == (labels, missed)


boxes = st.tuples(*[st.floats(0, 100) for _ in range(4)]).map(
    lambda v: (min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3]))
)


@given(detected=st.lists(boxes, max_size=6), labelled=st.lists(boxes, max_size=6))
def test_no_label_is_taught_twice(detected: list[Box], labelled: list[Box]) -> None:
    lines = [Line(f"<{i}>", box) for i, box in enumerate(labelled)]
    pairing = pair(detected, lines)
    said = " ".join(label for label in pairing.labels if label)
    for line in lines:
        assert said.count(line.text) + (line in pairing.missed) <= 1
