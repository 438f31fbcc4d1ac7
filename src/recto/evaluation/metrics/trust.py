"""Trust: how far confidences can be believed: calibration error, ranking, and what may go unseen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 10
Judged = tuple[float, bool]
"""A confidence, 0–1, and whether what it was said of is right."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Values of about the same confidence: how sure on average, what share is right, how many."""

    confidence: float
    accuracy: float
    count: int


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """The ten bins of equal width, those that hold anything."""
    bins: dict[int, list[Judged]] = {}
    for one in judged:
        bins.setdefault(min(int(one[0] * BINS), BINS - 1), []).append(one)
    return [
        Bin(
            confidence=sum(confidence for confidence, _ in inside) / len(inside),
            accuracy=sum(is_right for _, is_right in inside) / len(inside),
            count=len(inside),
        )
        for _, inside in sorted(bins.items())
    ]


def expected_calibration_error(judged: Sequence[Judged]) -> float:
    """The mean distance of confidence and accuracy over ten bins (Naeini et al., 2015); 0 of nothing."""
    distances = (abs(one.confidence - one.accuracy) * one.count for one in reliability(judged))
    return sum(distances) / max(len(judged), 1)


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


def accepted(judged: Sequence[Judged]) -> list[Automation]:
    """What each threshold accepts, from the surest on; all values of one confidence are taken together."""
    ranked = sorted(judged, key=lambda one: -one[0])
    out: list[Automation] = []
    wrong = 0
    for place, (confidence, is_right) in enumerate(ranked, 1):
        wrong += not is_right
        if place == len(ranked) or ranked[place][0] < confidence:
            out.append(Automation(confidence, place / len(ranked), wrong / place))
    return out


def automation(judged: Sequence[Judged], target_error: float) -> Automation:
    """The lowest threshold at which no more than `target_error` of what is accepted is wrong.

    Where no threshold is good enough, nothing is accepted.
    """
    good = [one for one in accepted(judged) if one.error <= target_error]
    return good[-1] if good else Automation(1.0, 0.0, 0.0)
