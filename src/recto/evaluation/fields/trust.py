"""Trust: how far confidences can be believed: calibration error, ranking, and what may go unseen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
Judged = tuple[float, bool]
"""A confidence, 0–1, and whether what it was said of is right."""


def expected_calibration_error(judged: Sequence[Judged]) -> float:
    """The mean distance between confidence and accuracy over ten bins of equal width (Naeini et al., 2015)."""
    if not judged:
        return 0.0
    confidence = np.array([one for one, _ in judged])
    right = np.array([float(is_right) for _, is_right in judged])
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error = 0.0
    for place in np.unique(places):
        inside = places == place
        error += abs(float(confidence[inside].mean() - right[inside].mean())) * float(inside.mean())
    return error


def auroc(judged: Sequence[Judged]) -> float | None:
    """How likely a right value is surer than a wrong one, ties half; None where all are right, or wrong."""
    right = sorted(confidence for confidence, is_right in judged if is_right)
    wrong = sorted(confidence for confidence, is_right in judged if not is_right)
    if not right or not wrong:
        return None
    below = np.searchsorted(wrong, right, "left").sum()
    ties = np.searchsorted(wrong, right, "right").sum() - below
    return float((below + ties / 2) / (len(right) * len(wrong)))


@dataclass(frozen=True, slots=True)
class Automation:
    """Accepting everything said at least as surely as `threshold`: the `share` accepted, and its `error`."""

    threshold: float
    share: float
    error: float


def automation(judged: Sequence[Judged], target_error: float) -> Automation:
    """The lowest threshold at which no more than `target_error` of what is accepted is wrong.

    All values of one confidence are accepted together. Where no threshold is good enough, nothing is accepted.
    """
    ranked = sorted(judged, key=lambda one: -one[0])
    best = Automation(1.0, 0.0, 0.0)
    wrong = 0
    for place, (confidence, is_right) in enumerate(ranked, 1):
        wrong += not is_right
        is_last = place == len(ranked) or ranked[place][0] < confidence
        if is_last and wrong / place <= target_error:
            best = Automation(confidence, place / len(ranked), wrong / place)
    return best
