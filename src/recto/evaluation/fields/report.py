"""FieldReport: what measuring an extractor on documents with labelled fields gave, and its JSON.

Only the shape and the sums are here; `measure` fills it.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from recto.evaluation.fields.outcomes import Outcome
from recto.evaluation.fields.trust import auroc, automation, expected_calibration_error

TARGET_ERRORS = (0.01, 0.02, 0.05)
RESAMPLES = 1000


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldFigures(_Frozen):
    """The figures of one field, or of all together. Shares are 0–1."""

    documents: int = Field(description="Documents that label it")
    wanted: int = Field(description="Labelled values")
    said: int = Field(description="Values that were said where somebody labels the field")
    precision: float = Field(description="Share of what was said that is right, values compared normalised")
    recall: float = Field(description="Share of what was wanted that was said")
    f1: float = Field(description="Harmonic mean of both")
    f1_low: float = Field(description="Lower end of the 95 % interval of `f1`, groups drawn together")
    f1_high: float = Field(description="Upper end of it")
    f1_exact: float = Field(description="`f1` with texts compared letter by letter, white space apart")
    calibration_error: float = Field(description="Expected calibration error of the confidences, ten bins")
    auroc: float | None = Field(description="How likely a right value is surer than a wrong one")


class AutomationFigures(_Frozen):
    """Accepting without a person what is said at least as surely as `threshold`."""

    target_error: float
    threshold: float
    share: float = Field(description="Share of all said values that are accepted")
    error: float = Field(description="Share of these that are wrong")


class FieldResult(_Frozen):
    """One field of one document."""

    document: str
    group: str
    field: str
    wanted: list[str]
    said: list[str]
    confidence: list[float]
    right: int
    is_new_vendor: bool


class FieldReport(_Frozen):
    """Everything that was measured; `unseen` is of documents of vendors that training never saw, if any."""

    kind: Literal["fields"] = "fields"
    recto_version: str
    created_at: str
    extractor: str
    engine: str
    schema_name: str
    dataset: str
    split: str
    documents: int
    failed: int = Field(description="Documents that couldn't be opened or read: nothing was said of them")
    fields: dict[str, FieldFigures]
    mean_f1: float = Field(description="Mean of the fields' `f1`")
    mean_f1_low: float
    mean_f1_high: float
    exact_documents: float = Field(
        description="Share of documents with all labelled fields right, no others said"
    )
    all_fields: FieldFigures
    automation: list[AutomationFigures]
    unseen: dict[str, FieldFigures]
    unseen_mean_f1: float | None
    seconds_per_document: float = Field(description="Extraction alone, without reading")
    results: list[FieldResult]

    def to_json(self) -> str:
        """The report as text."""
        return self.model_dump_json(indent=1) + "\n"


def figures(outcomes: Sequence[Outcome], seed: int = 0) -> FieldFigures:
    """The figures of these outcomes together."""
    right = sum(outcome.right for outcome in outcomes)
    exact = sum(outcome.exact for outcome in outcomes)
    wanted = sum(len(outcome.wanted) for outcome in outcomes)
    said = sum(len(outcome.said) for outcome in outcomes)
    judged = [(one.confidence, one.right) for outcome in outcomes for one in outcome.said]
    low, high = interval(outcomes, lambda drawn: f1_of(drawn), seed)
    return FieldFigures(
        documents=sum(bool(outcome.wanted) for outcome in outcomes),
        wanted=wanted,
        said=said,
        precision=right / said if said else 0.0,
        recall=right / wanted if wanted else 0.0,
        f1=_f1(right, wanted, said),
        f1_low=low,
        f1_high=high,
        f1_exact=_f1(exact, wanted, said),
        calibration_error=expected_calibration_error(judged),
        auroc=auroc(judged),
    )


def f1_of(outcomes: Sequence[Outcome]) -> float:
    """F1 of these outcomes together."""
    right = sum(outcome.right for outcome in outcomes)
    return _f1(right, sum(len(o.wanted) for o in outcomes), sum(len(o.said) for o in outcomes))


def mean_f1_of(outcomes: Sequence[Outcome]) -> float:
    """The mean of the fields' F1."""
    names = sorted({outcome.field for outcome in outcomes})
    each = [f1_of([outcome for outcome in outcomes if outcome.field == name]) for name in names]
    return sum(each) / max(len(each), 1)


def exact_documents(outcomes: Sequence[Outcome]) -> float:
    """The share of documents of which everything is right."""
    whole: dict[str, bool] = {}
    for outcome in outcomes:
        whole[outcome.document] = whole.get(outcome.document, True) and outcome.is_whole
    return sum(whole.values()) / max(len(whole), 1)


def automation_figures(outcomes: Sequence[Outcome]) -> list[AutomationFigures]:
    """What may be accepted at each target error."""
    judged = [(one.confidence, one.right) for outcome in outcomes for one in outcome.said]
    out = []
    for target in TARGET_ERRORS:
        found = automation(judged, target)
        out.append(
            AutomationFigures(
                target_error=target, threshold=found.threshold, share=found.share, error=found.error
            )
        )
    return out


def interval(
    outcomes: Sequence[Outcome], figure: Callable[[Sequence[Outcome]], float], seed: int = 0
) -> tuple[float, float]:
    """The middle 95 % of a figure over redrawn groups (cluster bootstrap); both ends 0 where there is none."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome)
    clusters = list(groups.values())
    if not clusters:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        places = rng.integers(len(clusters), size=len(clusters))
        drawn.append(figure([outcome for place in places for outcome in clusters[place]]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _f1(right: int, wanted: int, said: int) -> float:
    return 2 * right / (wanted + said) if wanted + said else 0.0
