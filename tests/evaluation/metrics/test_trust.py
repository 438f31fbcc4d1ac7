"""Trust: tables of small cases, and properties that hold for any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.evaluation.metrics.trust import (
    Automation,
    Judged,
    accepted,
    auroc,
    automation,
    expected_calibration_error,
    reliability,
)

many = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)


@pytest.mark.parametrize(
    ("judged", "error"),
    [
        ([], 0.0),
        ([(1.0, True)], 0.0),
        ([(1.0, False)], 1.0),
        ([(0.75, True), (0.75, False)], 0.25),
        ([(0.95, True), (0.15, True)], (0.05 + 0.85) / 2),
        ([(0.2, False)] * 3 + [(0.9, True)], (3 * 0.2 + 0.1) / 4),
    ],
)
def test_calibration_error(judged: list[Judged], error: float) -> None:
    assert expected_calibration_error(judged) == pytest.approx(error)


@pytest.mark.parametrize(
    ("judged", "area"),
    [
        ([], None),
        ([(0.5, True)], None),
        ([(0.5, False), (0.1, False)], None),
        ([(0.9, True), (0.1, False)], 1.0),
        ([(0.1, True), (0.9, False)], 0.0),
        ([(0.5, True), (0.5, False)], 0.5),
        ([(0.9, True), (0.5, True), (0.5, False), (0.1, False)], 3.5 / 4),
    ],
)
def test_auroc(judged: list[Judged], area: float | None) -> None:
    assert auroc(judged) == area


@pytest.mark.parametrize(
    ("judged", "target", "found"),
    [
        ([], 0.1, Automation(1.0, 0.0, 0.0)),
        ([(0.9, False)], 0.1, Automation(1.0, 0.0, 0.0)),
        ([(0.9, True), (0.8, False)], 0.0, Automation(0.9, 0.5, 0.0)),
        ([(0.9, True), (0.8, False)], 0.5, Automation(0.8, 1.0, 0.5)),
        ([(0.9, True), (0.9, False)], 0.2, Automation(1.0, 0.0, 0.0)),  # of one confidence: together
        ([(0.9, True), (0.8, False), (0.7, True), (0.6, True)], 0.3, Automation(0.6, 1.0, 0.25)),
    ],
)
def test_automation(judged: list[Judged], target: float, found: Automation) -> None:
    assert automation(judged, target) == found


@given(many)
def test_bins_hold_everything_once(judged: list[Judged]) -> None:
    bins = reliability(judged)
    assert sum(one.count for one in bins) == len(judged)
    assert sum(one.accuracy * one.count for one in bins) == pytest.approx(sum(right for _, right in judged))
    assert [one.confidence for one in bins] == sorted(one.confidence for one in bins)
    assert 0 <= expected_calibration_error(judged) <= 1


@given(many, st.floats(0, 1))
def test_what_is_accepted_is_as_good_as_was_asked(judged: list[Judged], target: float) -> None:
    found = automation(judged, target)
    assert found.error <= target
    taken = [right for confidence, right in judged if confidence >= found.threshold] if found.share else []
    assert len(taken) == pytest.approx(found.share * len(judged))
    assert sum(not right for right in taken) == pytest.approx(found.error * len(taken))


@given(many)
def test_all_is_accepted_at_last(judged: list[Judged]) -> None:
    steps = accepted(judged)
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    if judged:
        assert steps[-1].share == 1.0
        assert steps[-1].error == pytest.approx(sum(not right for _, right in judged) / len(judged))


@given(many)
def test_auroc_doesnt_mind_a_stretched_scale(judged: list[Judged]) -> None:
    assert auroc(judged) == auroc([(confidence / 2, right) for confidence, right in judged])
