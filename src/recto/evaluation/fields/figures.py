"""Figures: the sums of Outcomes, with intervals over redrawn groups, and paired differences. Pure.

The intervals are those of `evaluation/compare`: documents of one group are drawn together, and few groups get
wider ones. Candidate and baseline are summed over the same draws.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recto.evaluation.compare import Bootstrap
from recto.evaluation.fields.outcomes import Outcome
from recto.evaluation.fields.report import (
    AutomationFigures,
    Ends,
    FieldDifference,
    FieldFigures,
    Measurement,
    Unseen,
    result_of,
)
from recto.evaluation.metrics.trust import Judged, auroc, automation, expected_calibration_error

TARGET_ERRORS = (0.01, 0.02, 0.05)
BOOTSTRAP = Bootstrap(resamples=1000)

Floats = NDArray[np.float64]
_RIGHT, _EXACT, _WANTED, _SAID = range(4)  # columns


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What adds up: counts of each group and field (groups × fields × right, exact, wanted, said).

    `whole` counts documents (groups × wholly right, all).
    """

    fields: tuple[str, ...]
    counts: Floats
    whole: Floats

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.counts)


def sums_of(outcomes: Sequence[Outcome]) -> Sums:
    """The sums of these Outcomes, groups and fields in order of their first appearance."""
    groups = {name: place for place, name in enumerate(dict.fromkeys(one.group for one in outcomes))}
    fields = {name: place for place, name in enumerate(dict.fromkeys(one.field for one in outcomes))}
    counts = np.zeros((len(groups), len(fields), 4))
    for one in outcomes:
        row = (one.right, one.exact, len(one.wanted), len(one.said))
        counts[groups[one.group], fields[one.field]] += row
    whole = np.zeros((len(groups), 2))
    for group, is_whole in _documents(outcomes).values():
        whole[groups[group]] += (is_whole, 1)
    return Sums(tuple(fields), counts, whole)


def measured(extractor: str, outcomes: Sequence[Outcome], seconds: float) -> Measurement:
    """All figures of one extractor; `seconds` of each document."""
    sums = sums_of(outcomes)
    draws = drawn(sums.groups)
    new = [one for one in outcomes if one.is_new_vendor]
    return Measurement(
        extractor=extractor,
        fields=_by_field(outcomes, sums, draws),
        mean_f1=float(_mean_f1(sums.counts.sum(0))),
        mean_f1_ends=_ends(_mean_f1(_over(draws, sums.counts)), sums.groups),
        exact_documents=float(_ratio(*sums.whole.sum(0))),
        exact_documents_ends=_ends(_share(_over(draws, sums.whole)), sums.groups),
        all_fields=_figures(outcomes, sums.counts.sum(1), draws),
        automation=[_automation(outcomes, target) for target in TARGET_ERRORS],
        unseen=_unseen(new) if new else None,
        seconds_per_document=seconds,
        results=[result_of(one) for one in outcomes],
    )


def differences(candidate: Sequence[Outcome], baseline: Sequence[Outcome]) -> dict[str, FieldDifference]:
    """Candidate minus baseline on the same documents: the mean F1, exact documents, each field's F1."""
    new, old = sums_of(candidate), sums_of(baseline)
    draws = drawn(new.groups)
    ours, theirs = _over(draws, new.counts), _over(draws, old.counts)
    out = {
        "mean_f1": _difference(
            (_mean_f1(old.counts.sum(0)), _mean_f1(new.counts.sum(0))),
            _mean_f1(ours) - _mean_f1(theirs),
            new.groups,
        ),
        "exact_documents": _difference(
            (_share(old.whole.sum(0)), _share(new.whole.sum(0))),
            _share(_over(draws, new.whole)) - _share(_over(draws, old.whole)),
            new.groups,
        ),
    }
    for place, name in enumerate(new.fields):
        values = (_f1(old.counts[:, place].sum(0)), _f1(new.counts[:, place].sum(0)))
        out[name] = _difference(values, _f1(ours[:, place]) - _f1(theirs[:, place]), new.groups)
    return out


def drawn(groups: int) -> Floats:
    """How often each group is in each draw: resamples × groups."""
    rng = np.random.default_rng(BOOTSTRAP.seed)
    shares = np.full(groups, 1 / max(groups, 1))
    return rng.multinomial(groups, shares, size=BOOTSTRAP.resamples).astype(np.float64)


def judged_of(outcomes: Sequence[Outcome]) -> list[Judged]:
    """Confidence and rightness of everything that was said."""
    return [(one.confidence, one.right) for outcome in outcomes for one in outcome.said]


def _documents(outcomes: Sequence[Outcome]) -> Mapping[str, tuple[str, bool]]:
    """Document → its group, and whether everything of it is right."""
    found: dict[str, tuple[str, bool]] = {}
    for one in outcomes:
        _, whole = found.get(one.document, ("", True))
        found[one.document] = (one.group, whole and one.is_whole)
    return found


def _by_field(outcomes: Sequence[Outcome], sums: Sums, draws: Floats) -> dict[str, FieldFigures]:
    return {
        name: _figures([one for one in outcomes if one.field == name], sums.counts[:, place], draws)
        for place, name in enumerate(sums.fields)
    }


def _figures(outcomes: Sequence[Outcome], counts: Floats, draws: Floats) -> FieldFigures:
    """The figures of one field, whose counts by group these are (groups × 4)."""
    total, over, groups = counts.sum(0), _over(draws, counts), len(counts)
    judged = judged_of(outcomes)
    return FieldFigures(
        documents=len({one.document for one in outcomes if one.wanted}),
        wanted=int(total[_WANTED]),
        said=int(total[_SAID]),
        precision=float(_ratio(total[_RIGHT], total[_SAID])),
        recall=float(_ratio(total[_RIGHT], total[_WANTED])),
        f1=float(_f1(total)),
        f1_exact=float(_f1(total, _EXACT)),
        precision_ends=_ends(_ratio(over[:, _RIGHT], over[:, _SAID]), groups),
        recall_ends=_ends(_ratio(over[:, _RIGHT], over[:, _WANTED]), groups),
        f1_ends=_ends(_f1(over), groups),
        f1_exact_ends=_ends(_f1(over, _EXACT), groups),
        calibration_error=expected_calibration_error(judged),
        auroc=auroc(judged),
    )


def _unseen(new: Sequence[Outcome]) -> Unseen:
    sums = sums_of(new)
    draws = drawn(sums.groups)
    return Unseen(
        documents=len({one.document for one in new}),
        fields=_by_field(new, sums, draws),
        mean_f1=float(_mean_f1(sums.counts.sum(0))),
        mean_f1_ends=_ends(_mean_f1(_over(draws, sums.counts)), sums.groups),
    )


def _automation(outcomes: Sequence[Outcome], target: float) -> AutomationFigures:
    found = automation(judged_of(outcomes), target)
    return AutomationFigures(
        target_error=target, threshold=found.threshold, share=found.share, error=found.error
    )


def _over(draws: Floats, counts: Floats) -> Floats:
    """Counts by group summed over each draw."""
    return np.tensordot(draws, counts, axes=1)


def _f1(counts: Floats, right: int = _RIGHT) -> Floats:
    return _ratio(2 * counts[..., right], counts[..., _WANTED] + counts[..., _SAID])


def _mean_f1(counts: Floats) -> Floats:
    """The mean over the last axis but one, the fields."""
    return np.asarray(_f1(counts).mean(-1))


def _share(whole: Floats) -> Floats:
    return _ratio(whole[..., 0], whole[..., 1])


def _ratio(part: Floats, all_of: Floats) -> Floats:
    """0 of nothing."""
    part, all_of = np.asarray(part, np.float64), np.asarray(all_of, np.float64)
    return np.divide(part, all_of, out=np.zeros_like(part), where=all_of > 0)


def _ends(draws: Floats, groups: int) -> Ends:
    tail = BOOTSTRAP.tail(groups)
    low, high = np.quantile(draws, (tail, 1 - tail))
    return float(low), float(high)


def _difference(values: tuple[Floats, Floats], draws: Floats, groups: int) -> FieldDifference:
    """`values` are the baseline's and the candidate's."""
    old, new = (float(value) for value in values)
    low, high = _ends(draws, groups)
    undecided = low <= 0 <= high or not BOOTSTRAP.enough(groups)
    verdict: Literal["better", "worse", "undecided"] = (
        "undecided" if undecided else "better" if low > 0 else "worse"
    )
    return FieldDifference(
        baseline=old, candidate=new, difference=new - old, low=low, high=high, verdict=verdict
    )
