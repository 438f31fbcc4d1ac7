"""Figures: sums, intervals that hold what they should, and paired differences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.evaluation.fields.figures import differences, measured, sums_of
from recto.evaluation.fields.outcomes import Outcome, Said


def one(
    place: int, *, right: bool, field: str = "total", group: str = "", said: bool = True, new: bool = False
) -> Outcome:
    values = (Said("1", 0.9 if right else 0.4, right, right),) if said else ()
    return Outcome(f"{place}.jpg", group or f"group {place}", field, ("1",), values, new)


MIXED = [one(place, right=place % 4 != 0) for place in range(40)]


def test_the_figures_of_one_field() -> None:
    outcomes = [one(0, right=True), one(1, right=False), one(2, right=False, said=False)]
    total = measured("x", outcomes, 0.5).fields["total"]
    assert (total.documents, total.wanted, total.said) == (3, 3, 2)
    assert (total.precision, total.recall, total.f1) == (0.5, 1 / 3, 0.4)


def test_intervals_lie_around_their_figures() -> None:
    found = measured("x", MIXED, 0.5)
    low, high = found.mean_f1_ends
    assert 0.5 < low < found.mean_f1 == 0.75 < high < 0.95
    assert found.exact_documents == 0.75
    assert found.fields["total"].f1_ends == found.mean_f1_ends == found.all_fields.f1_ends


def test_documents_of_a_group_are_drawn_together() -> None:
    """Ten documents of one vendor tell hardly more than one: the interval is wider."""
    grouped = [one(place, right=place < 30, group=f"vendor {place // 10}") for place in range(40)]
    apart = [one(place, right=place < 30) for place in range(40)]
    wide, narrow = (measured("x", outcomes, 0).mean_f1_ends for outcomes in (grouped, apart))
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
    assert sums_of(grouped).groups == 4


def test_the_mean_is_over_fields() -> None:
    outcomes = [one(0, right=True), one(0, right=False, field="date"), one(1, right=True)]
    found = measured("x", outcomes, 0)
    assert found.mean_f1 == 0.5
    assert found.exact_documents == 0.5
    assert found.all_fields.f1 == pytest.approx(2 / 3)


def test_new_vendors_are_apart() -> None:
    assert measured("x", MIXED, 0).unseen is None
    found = measured("x", [*MIXED, one(99, right=True, new=True)], 0)
    assert found.unseen is not None
    assert (found.unseen.documents, found.unseen.mean_f1) == (1, 1.0)


def test_differences_are_paired() -> None:
    better = [one(place, right=place % 8 != 0) for place in range(40)]
    found = differences(better, MIXED)
    assert set(found) == {"mean_f1", "exact_documents", "total"}
    mean = found["mean_f1"]
    assert (mean.baseline, mean.candidate, mean.difference) == (0.75, 0.875, 0.125)
    assert mean.low > 0 and mean.verdict == "better"
    assert differences(MIXED, better)["mean_f1"].verdict == "worse"
    assert differences(MIXED, MIXED)["mean_f1"].verdict == "undecided"


def test_few_groups_decide_nothing() -> None:
    new, old = ([one(place, right=right) for place in range(4)] for right in (True, False))
    assert differences(new, old)["mean_f1"].verdict == "undecided"


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_shares_are_shares(cases: list[tuple[bool, bool]]) -> None:
    outcomes = [one(place, right=right, said=said) for place, (right, said) in enumerate(cases)]
    found = measured("x", outcomes, 0).fields["total"]
    for name in ("precision", "recall", "f1", "f1_exact"):
        low, high = getattr(found, f"{name}_ends")
        assert 0 <= low <= high <= 1
    assert min(found.precision, found.recall) - 1e-9 <= found.f1 <= max(found.precision, found.recall) + 1e-9
