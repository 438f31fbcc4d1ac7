"""Choosing a threshold: what can be accepted without a person if so much of it has to be right. Pure.

The threshold is one of the engine's own confidences: calibration keeps their order. What is told of it was
measured on documents that didn't choose it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recto.corrections.calibration.fitting import FOLDS, folds_of
from recto.corrections.calibration.judged import JudgedPage
from recto.evaluation.metrics.trust import Judged, automation

CONFIDENCE = 0.95
ROUNDS = 2000
SEED = 20
_Z = 1.959964
"""The two-sided quantile of the normal distribution at CONFIDENCE."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Accepting all `of` ("lines", "pages") at `threshold` or above, so that `target` (0–1) of it is right.

    `threshold` is None where none is good enough. `share` is what needs no person then, `error` what is wrong
    of it, with its interval at CONFIDENCE; an interval from 0 to 1 says that nothing was accepted.
    """

    of: str
    target: float
    threshold: float | None
    share: float
    error: float
    low: float
    high: float


def choose(pages: Sequence[JudgedPage], target: float, *, whole_pages: bool) -> Choice:
    """The threshold for lines, or for pages: a page is as sure as its least sure line."""
    units = [_page_unit(page) if whole_pages else list(page.lines) for page in pages]
    folds = folds_of(pages)
    kept: list[list[Judged]] = [[] for _ in units]
    for fold in range(FOLDS):
        found = automation(
            [one for i, unit in enumerate(units) if folds[i] != fold for one in unit], 1 - target
        )
        for i in (i for i in range(len(units)) if folds[i] == fold and found.share):
            kept[i] = [one for one in units[i] if one[0] >= found.threshold]
    final = automation([one for unit in units for one in unit], 1 - target)
    accepted = sum(map(len, kept))
    wrong = sum(not is_right for unit in kept for _, is_right in unit)
    low, high = _interval(pages, kept)
    return Choice(
        of="pages" if whole_pages else "lines",
        target=target,
        threshold=final.threshold if final.share else None,
        share=accepted / max(1, sum(map(len, units))),
        error=wrong / max(1, accepted),
        low=low,
        high=high,
    )


def _page_unit(page: JudgedPage) -> list[Judged]:
    """A page without a confident line has confidence 0."""
    return [(min((confidence for confidence, _ in page.lines), default=0.0), page.is_right)]


def _interval(pages: Sequence[JudgedPage], kept: Sequence[Sequence[Judged]]) -> tuple[float, float]:
    """The wider of two: Wilson's, which knows that no error seen isn't none; and drawing whole documents
    again and again (bootstrap), which knows that errors come together."""
    counts: dict[str, tuple[int, int]] = {page.sha256: (0, 0) for page in pages}
    for page, accepted in zip(pages, kept, strict=True):
        wrong, all_of = counts[page.sha256]
        counts[page.sha256] = (wrong + sum(not right for _, right in accepted), all_of + len(accepted))
    table = np.array(list(counts.values()), dtype=np.float64).reshape(-1, 2)
    wrong_in_all, accepted_in_all = table.sum(axis=0)
    if not accepted_in_all:
        return 0.0, 1.0
    low, high = _wilson(float(wrong_in_all), float(accepted_in_all))
    drawn = np.random.default_rng(SEED).integers(0, len(table), (ROUNDS, len(table)))
    sums = table[drawn].sum(axis=1)
    rates = sums[:, 0] / np.maximum(sums[:, 1], 1)
    tail = (1 - CONFIDENCE) / 2
    bottom, top = np.quantile(rates, [tail, 1 - tail])
    return min(low, float(bottom)), max(high, float(top))


def _wilson(wrong: float, count: float) -> tuple[float, float]:
    """Wilson's interval of a share (1927)."""
    rate, z2 = wrong / count, _Z * _Z
    middle = (rate + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * float(np.sqrt(rate * (1 - rate) / count + z2 / (4 * count * count))) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)
