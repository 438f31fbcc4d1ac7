"""Doubt: how much is probably wrong on a page that a model read, counted in words. Pure arithmetic.

A Calibration puts the engine's confidences right first, where there is one. It only orders the review queue:
a page that is half as doubtful as another isn't half as wrong.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from rapidfuzz.distance import Levenshtein

from recto.documents.transcript import Finish, Line, Transcript
from recto.settings import ReviewSettings

UNSAID = 0.1
"""The doubt about a word of an engine that doesn't say how sure it is."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """`errors` are the words that the engine expects to be wrong, of `words` in all; `disagreement` (0–1) is
    how much another engine reads otherwise; `missing` are required fields that weren't found. `engine` and
    `release` read it, and `said` how sure they were of lines (None: they didn't say) of how many words; empty
    where `errors` don't come of that. `of_words` is the part of `errors` that comes of single words' own
    confidences, of which no calibration tells."""

    words: int = 0
    errors: float = 0.0
    disagreement: float = 0.0
    missing: tuple[str, ...] = ()
    engine: str = ""
    release: str | None = None
    said: tuple[tuple[float | None, int], ...] = ()
    of_words: float = 0.0

    def calibrated(self, calibration: Callable[[float], float] | None) -> "Doubt":
        """The same doubt, with `errors` by what lines' confidences mean; without a calibration, as it is."""
        if calibration is None or not self.said:
            return self
        errors = sum(
            words * (UNSAID if confidence is None else 1 - calibration(confidence))
            for confidence, words in self.said
        )
        return replace(self, errors=errors + self.of_words)

    def value(self, importance: float, settings: ReviewSettings) -> float:
        """What a person's look is worth: words that it probably puts right, times what each matters."""
        missing = settings.missing_field_words * len(self.missing)
        return importance * (self.errors + self.disagreement * self.words + missing)

    def to_json(self) -> dict[str, object]:
        """As the database keeps it."""
        return {
            "words": self.words,
            "errors": round(self.errors, 3),
            "disagreement": round(self.disagreement, 3),
            "missing": list(self.missing),
            "engine": self.engine,
            "release": self.release,
            "said": [list(pair) for pair in self.said],
            "of_words": round(self.of_words, 3),
        }


def doubt_of(reading: Transcript, others: Sequence[str] = (), missing: Sequence[str] = ()) -> Doubt:
    """The doubt about a reading, beside what `others` read. A page that broke off counts as all wrong."""
    words = reading.text.split()
    of_words = sum(1 - word.confidence for line in reading.lines for word in line.words)
    lines = [line for line in reading.lines if not line.words]
    errors, said = sum(_errors(line) for line in lines) + of_words, _said(lines)
    if reading.finish in (Finish.TRUNCATED, Finish.REPEATING):
        errors, said, of_words = float(len(words)), (), 0.0
    elif not reading.lines:
        errors = UNSAID * len(words)
    apart = max((Levenshtein.normalized_distance(words, other.split()) for other in others), default=0.0)
    return Doubt(len(words), errors, apart, tuple(missing), reading.engine, reading.release, said, of_words)


def doubt_from_json(value: Mapping[str, object]) -> Doubt:
    """The Doubt that `Doubt.to_json` gave."""
    return Doubt(
        cast(int, value["words"]),
        cast(float, value["errors"]),
        cast(float, value["disagreement"]),
        tuple(cast(list[str], value["missing"])),
        cast(str, value.get("engine", "")),
        cast(str | None, value.get("release")),
        tuple((of, words) for of, words in cast(list[tuple[float | None, int]], value.get("said", []))),
        cast(float, value.get("of_words", 0.0)),
    )


def importance_of(category: str, business: str | None, settings: ReviewSettings) -> float:
    """What a wrong word matters: by category times by business type, 1 where nothing is said."""
    weights = settings.importance
    return weights.get(category, 1.0) * (weights.get(business, 1.0) if business else 1.0)


def _said(lines: Sequence[Line]) -> tuple[tuple[float | None, int], ...]:
    """Words by confidence, which three digits tell."""
    counted: Counter[float | None] = Counter()
    for line in lines:
        counted[None if line.confidence is None else round(line.confidence, 3)] += len(line.text.split())
    return tuple(counted.items())


def _errors(line: Line) -> float:
    doubt = UNSAID if line.confidence is None else 1 - line.confidence
    return doubt * len(line.text.split())
