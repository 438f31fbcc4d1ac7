"""Ratio: a numerator and a denominator that are kept apart, so that documents add up to micro figures.

A corpus CER is not the mean of the documents' CERs but all edits over all characters. Whoever keeps the
two numbers can sum them over any group, and resample them for a confidence interval.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Ratio(NamedTuple):
    """`numerator` over `denominator`, both ≥ 0."""

    numerator: float
    denominator: float

    @property
    def value(self) -> float:
        """The quotient. Where there is nothing to divide by: 0 for nothing wrong, 1 for anything at all.

        So a blank page that is read as blank has an error rate of 0, and one that is answered with text
        has 1 (jiwer gives the raw number of insertions there, which has no scale).
        """
        if self.denominator:
            return self.numerator / self.denominator
        return 1.0 if self.numerator else 0.0

    @property
    def capped(self) -> float:
        """The quotient, at most 1: a document can't be worse than entirely wrong."""
        return min(self.value, 1.0)


def total(ratios: Iterable[Ratio]) -> Ratio:
    """The micro total: numerators and denominators summed apart."""
    numerator = denominator = 0.0
    for ratio in ratios:
        numerator += ratio.numerator
        denominator += ratio.denominator
    return Ratio(numerator, denominator)
