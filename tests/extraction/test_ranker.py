"""Choosing among candidates: readings of one value are one alternative, and add their chances."""

import numpy as np
import pytest

from recto.extraction.candidates import Candidate, key_of
from recto.extraction.ranker import choices
from recto.extraction.sheet import Cell


def candidate(value: str, row: int, kind: str = "money") -> Candidate:
    cell = Cell(value, (0.0, 20.0 * row, 50.0, 20.0 * row + 10), 0.9, 1, row)
    return Candidate(kind, value, key_of(kind, value), value, (cell,), "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "one", "same", "other"),
    [
        ("money", "9.00", "9.0", "8.00"),
        ("date", "2020-01-02", "2020-01-02", "2019-05-05"),
        ("text", "Acme Ltd.", "ACME LTD", "Acne Ltd"),
        ("id", "A-17", "a17", "A-18"),
    ],
)
def test_equal_values_add_their_chances(kind: str, one: str, same: str, other: str) -> None:
    found = [candidate(one, 0, kind), candidate(same, 1, kind), candidate(other, 2, kind)]
    alone, both = ([one.chance for one in choices(found[:n], np.zeros(n), {})] for n in (1, 2))
    assert alone == pytest.approx([1 / 2])
    assert both == pytest.approx([2 / 3])
    assert [one.chance for one in choices(found, np.zeros(3), {})] == pytest.approx([2 / 4, 1 / 4])


def test_readings_of_a_known_value_add_their_chances() -> None:
    found = [candidate("Alder Books Ltd", 0, "text"), candidate("A1der Books Ltd", 1, "text")]
    known = {key_of("text", "Alder Books Ltd"): "Alder Books Ltd"}
    told = choices(found, np.zeros(2), known)
    assert [(one.value, one.chance) for one in told] == [("Alder Books Ltd", pytest.approx(2 / 3))]
