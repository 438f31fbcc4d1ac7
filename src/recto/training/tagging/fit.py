"""Fitting a ranker: the most likely weights of a conditional logit, held near the patterns by a penalty.

Each document is one choice among its candidates and "none of them"; several candidates may be right. The
penalty draws the learnt weights to 0 and the trust in the patterns to 1: with few documents the patterns
decide, with many what was learnt.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recto.extraction.ranker import Calibration, Ranker, choices, log_odds, probabilities
from recto.training.platt import Floats, scaled
from recto.training.tagging.samples import Sample

TRUST_PENALTY = 4.0
_STEPS = 150
_ENOUGH = 1e-6
"""Of the loss, by which the last step may improve it: what is beyond shows in no figure."""
FOLDS = 4
_FEWEST = 12
"""Documents: with fewer the probabilities stay as they are."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`penalty` on the squares of learnt weights; `seed` says which groups fall into one fold."""

    penalty: float = 1.0
    seed: int = 0


DEFAULTS = Settings()


def tried(samples: Sequence[Sample], settings: Settings = DEFAULTS) -> Ranker:
    """As `fit`, without calibrating, which takes most of the time: to choose settings by."""
    with threadpool_limits(1):
        return replace(_fitted(samples, settings), known=known_of(samples))


def fit(samples: Sequence[Sample], settings: Settings = DEFAULTS) -> Ranker:
    """The ranker of one field, calibrated on documents that the weights weren't fitted on."""
    with threadpool_limits(1):  # threads that wait for each other by spinning take four times as long
        ranker = _fitted(samples, settings)
        return replace(ranker, known=known_of(samples), calibration=_calibrated(samples, settings))


def log_loss(ranker: Ranker, samples: Sequence[Sample]) -> float:
    """The mean surprise (in nats) at what is right in documents that the ranker wasn't fitted on."""
    chosen = [sample for sample in samples if sample.found]
    total = 0.0
    for sample in chosen:
        chances = probabilities(ranker.scores(sample.features, sample.patterns))
        likely = chances[sample.right].sum() if sample.right.any() else 1 - chances.sum()
        total -= math.log(max(float(likely), 1e-9))
    return total / max(len(chosen), 1)


def known_of(samples: Sequence[Sample]) -> dict[str, str]:
    """The labelled texts, by key."""
    kinds = {candidate.kind for sample in samples for candidate in sample.found}
    if kinds != {"text"}:
        return {}
    return {key: value for sample in samples for key, value in sorted(sample.spelt.items())}


def _fitted(samples: Sequence[Sample], settings: Settings) -> Ranker:
    problem = _Problem(samples, settings.penalty)
    start = np.zeros(problem.columns + 2)
    start[-1] = 1.0
    found = minimize(
        problem, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "ftol": _ENOUGH}
    )
    weights = found.x
    used = np.abs(weights[:-2]) > 1e-4
    return Ranker(
        problem.names[used].astype(np.int32),
        weights[:-2][used].astype(np.float32),
        float(weights[-2]),
        float(weights[-1]),
    )


class _Problem:
    """Loss and gradient of weights, bias and trust (in this order) on all samples."""

    def __init__(self, samples: Sequence[Sample], penalty: float) -> None:
        self._penalty = penalty
        with_any = [sample for sample in samples if sample.found]
        rows = [indices for sample in with_any for indices in sample.features]
        flat = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        self.names, columns = np.unique(flat, return_inverse=True)
        self.columns = len(self.names)
        ends = np.cumsum([0, *(len(row) for row in rows)])
        self._x = csr_matrix((np.ones(len(flat)), columns, ends), shape=(len(rows), max(self.columns, 1)))[
            :, : self.columns
        ]
        self._xt = self._x.T.tocsr()
        self._patterns = np.concatenate([sample.patterns for sample in with_any] or [np.zeros(0)])
        self._right = np.concatenate([sample.right for sample in with_any] or [np.zeros(0, bool)]).astype(
            float
        )
        sizes = [len(sample.found) for sample in with_any]
        self._document = np.repeat(np.arange(len(sizes)), sizes)
        self._starts = np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, int)
        self._count = len(sizes)
        self._has_right = np.bincount(self._document, self._right, self._count) > 0

    def __call__(self, weights: Floats) -> tuple[float, Floats]:
        """Negative log-likelihood plus penalty, and its gradient."""
        learnt, bias, trust = weights[:-2], weights[-2], weights[-1]
        scores = self._x @ learnt + trust * self._patterns + bias
        top = np.maximum(np.maximum.reduceat(scores, self._starts), 0.0) if self._count else np.zeros(0)
        likely, none = np.exp(scores - top[self._document]), np.exp(-top)
        all_of = np.bincount(self._document, likely, self._count) + none
        right_of = np.bincount(self._document, likely * self._right, self._count)
        wanted = np.where(self._has_right, np.maximum(right_of, 1e-300), none)
        error = likely / all_of[self._document]
        error -= np.where(self._has_right[self._document], likely * self._right / wanted[self._document], 0.0)
        loss = float(np.log(all_of / wanted).sum())
        loss += self._penalty / 2 * float(learnt @ learnt) + TRUST_PENALTY / 2 * (trust - 1) ** 2
        gradient = np.empty_like(weights)
        gradient[:-2] = self._xt @ error + self._penalty * learnt
        gradient[-2] = error.sum()
        gradient[-1] = error @ self._patterns + TRUST_PENALTY * (trust - 1)
        return loss, gradient


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A choice on a document that its ranker wasn't fitted on, and whether it was right."""

    odds: float
    sure: float
    known: float
    right: bool


def _calibrated(samples: Sequence[Sample], settings: Settings) -> Calibration:
    """Platt's scaling on choices in held-out documents; groups stay together."""
    outcomes = _held_out(samples, settings)
    right = np.array([outcome.right for outcome in outcomes], float)
    if len(outcomes) < _FEWEST or right.min() == right.max():
        return Calibration()
    seen = np.array([[outcome.odds, outcome.sure, outcome.known] for outcome in outcomes])
    bias, (odds, sure, known) = scaled(seen, right, np.array([1.0, 0.0, 0.0]))
    return Calibration(bias, odds, sure, known)


def _held_out(samples: Sequence[Sample], settings: Settings) -> list[_Outcome]:
    out = []
    names = sorted({sample.group for sample in samples})
    random.Random(settings.seed).shuffle(names)
    groups = {group: place % FOLDS for place, group in enumerate(names)}
    for fold in range(FOLDS):
        taught = [sample for sample in samples if groups[sample.group] != fold]
        if not any(sample.wanted for sample in taught):
            continue
        ranker, known = _fitted(taught, settings), known_of(taught)
        for sample in samples:
            if groups[sample.group] == fold and sample.found:
                scores = ranker.scores(sample.features, sample.patterns)
                best = choices(sample.found, scores, known)[0]
                right = best.key in sample.wanted
                out.append(_Outcome(log_odds(best.chance), best.candidate.confidence, best.is_known, right))
    return out
