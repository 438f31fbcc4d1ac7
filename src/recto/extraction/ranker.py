"""Ranker: which candidate of a field is its value: a conditional logit over all and "none of them".

McFadden, Conditional logit analysis of qualitative choice behavior (1974). A candidate's score is the
patterns' (what labels and places say without any training) plus learnt weights of its features; without
training only the patterns count. It is fitted in `training/tagging`.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from recto.extraction.candidates import Candidate
from recto.extraction.features import Indices

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling (1999) of a choice's probability, the reader's confidence beside it.

    The log-odds of being right are `bias` + `odds` · log-odds of the probability + `sure` · confidence of the
    lines + `known`.
    """

    bias: float = 0.0
    odds: float = 1.0
    sure: float = 0.0
    known: float = 0.0

    def of(self, chance: float, confidence: float, *, known: bool) -> float:
        """The probability that the choice is right, as far as earlier choices tell."""
        odds = self.bias + self.odds * log_odds(chance) + self.sure * confidence + self.known * known
        return 1 / (1 + math.exp(-max(min(odds, 30.0), -30.0)))


def log_odds(chance: float) -> float:
    """The log-odds of a probability, held off 0 and 1."""
    chance = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(chance / (1 - chance))


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """Weights by feature hash (`indices`, sorted), and what else was learnt of one field.

    `trust` is what the patterns' score counts. `known` are values of the training documents, by their key:
    where a reading is nearly one of them, it is one.
    """

    indices: Indices = field(default_factory=lambda: np.zeros(0, np.int32))
    weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    bias: float = 0.0
    trust: float = 1.0
    known: Mapping[str, str] = field(default_factory=dict)
    calibration: Calibration = Calibration()

    @property
    def has_weights(self) -> bool:
        """Whether it looks at features; without training it goes by the patterns alone."""
        return len(self.indices) > 0

    def scores(self, features: Sequence[Indices] | None, patterns: Scores) -> Scores:
        """The score of each candidate; that of none of them is 0. Without weights, features aren't needed."""
        by_patterns = self.trust * patterns + self.bias
        if features is None or not self.has_weights:
            return by_patterns
        return self._learnt(features) + by_patterns

    def _learnt(self, features: Sequence[Indices]) -> Scores:
        """The sums of the weights of each candidate's features."""
        flat = np.concatenate(features) if features else np.zeros(0, np.int32)
        places = np.searchsorted(self.indices, flat)
        places[places == len(self.indices)] = 0
        weights = np.where(self.indices[places] == flat, self.weights[places], 0.0)
        owners = np.repeat(np.arange(len(features)), [len(indices) for indices in features])
        return np.bincount(owners, weights, len(features)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Choice:
    """A value, the likeliest candidate that has it, and how likely the value is."""

    candidate: Candidate
    value: str
    key: str
    chance: float
    is_known: bool = False
    """The value is one of training documents, and may differ from what is printed by a few letters."""


def choices(found: Sequence[Candidate], scores: Scores, known: Mapping[str, str]) -> list[Choice]:
    """The likely values, the likeliest first; candidates of one value are taken together.

    Of values that are hardly likely none is told but the likeliest of all, and none is compared with known
    ones, which costs most.
    """
    chances: list[float] = probabilities(scores).tolist()
    together: defaultdict[str, list[int]] = defaultdict(list)
    for place, candidate in enumerate(found):
        is_likely = chances[place] >= _HARDLY
        key = spelling(candidate, known)[0] if known and is_likely else candidate.key
        together[key].append(place)
    sums = {key: sum(map(chances.__getitem__, places)) for key, places in together.items()}
    told = min(max(sums.values(), default=0.0), _HARDLY)
    out = []
    for key in [key for key, chance in sums.items() if chance >= told]:
        best, is_known = found[max(together[key], key=chances.__getitem__)], key in known
        value = known[key] if is_known else best.value
        out.append(Choice(best, value, key, min(sums[key], 1.0), is_known))
    return sorted(out, key=lambda choice: -choice.chance)


def probabilities(scores: Scores) -> Scores:
    """The probability of each candidate; what is missing to 1 is that of none."""
    top = max(0.0, float(scores.max(initial=0.0)))
    likely = np.exp(scores - top)
    return np.asarray(likely / (likely.sum() + math.exp(-top)))


_HARDLY = 1e-3
_SHORTEST_KNOWN = 8
_ALIKE = 88.0  # percent


def spelling(candidate: Candidate, known: Mapping[str, str]) -> tuple[str, str]:
    """Key and value of the candidate: those of a known value where the reading is nearly the same.

    A number is never made another one: house 4 isn't house 1, however alike the streets; nor is a letter
    that stands alone at the end: Schedule E isn't Schedule D.
    """
    key = candidate.key
    if key in known or candidate.kind != "text" or len(key) < _SHORTEST_KNOWN:
        return key, known.get(key, candidate.value)
    nearest = process.extractOne(key, known.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    if nearest is None or _other_number(key, nearest[0]) or _other_mark(candidate.value, known[nearest[0]]):
        return key, candidate.value
    return nearest[0], known[nearest[0]]


_LOOK_ALIKES = str.maketrans("oilszbg", "0115286")
"""Letters and the figures that are read for them."""


def _other_mark(value: str, known: str) -> bool:
    """Whether both end in a single letter or figure, and not in the same."""
    last, other = (text.casefold().translate(_LOOK_ALIKES).split()[-1:] for text in (value, known))
    return last != other and all(len(word) == 1 for word in last + other)


def _other_number(key: str, known: str) -> bool:
    """Whether a figure would become another one, come, or go; 0 for O is a letter that was misread."""
    for edit in Levenshtein.opcodes(key, known):
        old, new = key[edit.src_start : edit.src_end], known[edit.dest_start : edit.dest_end]
        if edit.tag == "replace" and any(a.isdigit() and b.isdigit() for a, b in zip(old, new, strict=True)):
            return True
        if edit.tag in ("insert", "delete") and any(map(str.isdigit, old + new)):
            return True
    return False
