"""FieldReport: what measuring an extractor on documents with labelled fields gave, and its JSON.

Only the shape is here; `figures` has the sums, `measure` fills it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from recto.evaluation.fields.outcomes import Outcome, Said
from recto.evaluation.report import DatasetInfo

Ends = tuple[float, float]
"""Both ends of a 95 % interval over redrawn groups."""


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
    f1_exact: float = Field(description="`f1` with values compared letter by letter, white space apart")
    precision_ends: Ends
    recall_ends: Ends
    f1_ends: Ends
    f1_exact_ends: Ends
    calibration_error: float = Field(description="Expected calibration error of the confidences, ten bins")
    auroc: float | None = Field(description="How likely a right value is surer than a wrong one")


class AutomationFigures(_Frozen):
    """Accepting without a person what is said at least as surely as `threshold`."""

    target_error: float
    threshold: float
    share: float = Field(description="Share of all said values that are accepted")
    error: float = Field(description="Share of these that are wrong")


class SaidResult(_Frozen):
    """One value that was said."""

    value: str
    confidence: float
    right: bool
    exact: bool


class FieldResult(_Frozen):
    """One field of one document."""

    document: str
    group: str
    field: str
    wanted: list[str]
    said: list[SaidResult]
    is_new_vendor: bool

    @property
    def is_whole(self) -> bool:
        """Whether everything that was wanted was said, and nothing else."""
        return sum(one.right for one in self.said) == len(self.wanted) == len(self.said)


class Unseen(_Frozen):
    """The same figures on documents of vendors that training never saw."""

    documents: int
    fields: dict[str, FieldFigures]
    mean_f1: float
    mean_f1_ends: Ends


class Measurement(_Frozen):
    """What one extractor reached."""

    extractor: str
    fields: dict[str, FieldFigures]
    mean_f1: float = Field(description="Mean of the fields' `f1`")
    mean_f1_ends: Ends
    exact_documents: float = Field(
        description="Share of documents with all labelled fields right, no others said"
    )
    exact_documents_ends: Ends
    all_fields: FieldFigures
    automation: list[AutomationFigures]
    unseen: Unseen | None = Field(description="None where no vendors were known, or none is new")
    seconds_per_document: float = Field(description="Extraction alone, without reading")
    results: list[FieldResult]


class FieldDifference(_Frozen):
    """A figure of the candidate and of the baseline on the same documents, and what it may be by chance."""

    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    verdict: Literal["better", "worse", "undecided"]


class FieldReport(_Frozen):
    """Everything that was measured; `differences` by "mean_f1", "exact_documents", and each field's name."""

    kind: Literal["fields"] = "fields"
    recto_version: str
    created_at: str
    engine: str
    schema_name: str
    schema_digest: str
    dataset: DatasetInfo
    documents: int
    groups: int = Field(description="What is drawn together for the intervals")
    failed: dict[str, str] = Field(
        description="Documents that couldn't be opened or read, and why: nothing was said of them"
    )
    candidate: Measurement
    baseline: Measurement | None = None
    differences: dict[str, FieldDifference] = {}

    def to_json(self) -> str:
        """The report as text."""
        return self.model_dump_json(indent=1) + "\n"


def result_of(one: Outcome) -> FieldResult:
    """An Outcome as the report holds it."""
    return FieldResult(
        document=one.document,
        group=one.group,
        field=one.field,
        wanted=list(one.wanted),
        said=[_said(said) for said in one.said],
        is_new_vendor=one.is_new_vendor,
    )


def _said(said: Said) -> SaidResult:
    return SaidResult(
        value=said.value, confidence=round(said.confidence, 4), right=said.right, exact=said.exact
    )
