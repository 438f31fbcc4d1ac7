"""Records: a Cycle as history tells it, and its documented JSON (docs/loop.md).

Only shapes are here: `cycle` fills them, `history` reads them from the database, `history_plot` draws them.
"""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from recto.evaluation.fields.report import Measurement as FieldMeasurement
from recto.evaluation.report import Report
from recto.registry.gates import Verdict

SCHEMA_VERSION: Literal[1] = 1
State = Literal["running", "released", "refused", "failed", "interrupted"]
Headline = Literal["cer", "cer_casefold", "mean_f1"]
"""Of models that read an error rate; of taggers the mean F1 of their fields, where more is better."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Measurement(_Frozen):
    """What one model scored on the frozen test documents of a Cycle, and on the canary pages."""

    engine: str = Field(description="Name and version of the engine, or of the tagger, as answers carry it")
    release: int | None = Field(description="Number of the Release that it was; null: base or candidate")
    headline: Headline = Field(description="The figure that gates look at")
    metrics: dict[str, JsonValue] = Field(
        description="Every figure of the Report, see evaluation; each field's F1"
    )
    by_category: dict[str, float] = Field(description="The headline figure of each category")
    canary_cer: float | None = Field(default=None, description="CER on general pages (forgetting)")

    @property
    def score(self) -> float:
        """The headline figure."""
        return self.figure(self.headline)

    def figure(self, name: str) -> float:
        """One figure by its name in the Report's metrics. Raises KeyError."""
        value = self.metrics[name]
        return float(value) if isinstance(value, int | float) else float("nan")


class CycleRecord(_Frozen):
    """One Cycle, from its reasons to its end. Times are UTC; `cost` is in the workspace's currency."""

    cycle: int
    scope: str
    state: State
    started_at: datetime
    ended_at: datetime | None
    reasons: list[str]
    data_fingerprint: str
    documents: dict[str, JsonValue]
    recipe: dict[str, JsonValue]
    run_folder: str
    before: Measurement | None
    after: Measurement | None
    verdicts: list[Verdict]
    release: int | None
    seconds: float | None
    peak_memory_mb: float | None
    cost: float | None
    outcome: str | None


class History(_Frozen):
    """All Cycles, oldest first."""

    schema_version: Literal[1] = SCHEMA_VERSION
    currency: str
    cycles: list[CycleRecord]

    def to_json(self) -> str:
        """The documented JSON, indented."""
        return self.model_dump_json(indent=1) + "\n"


def history_from_json(text: str) -> History:
    """History from its JSON. Raises pydantic.ValidationError on another shape."""
    return History.model_validate_json(text)


def measurement(report: Report, *, release: int | None, canary: Report | None) -> Measurement:
    """What history keeps of a Report: its figures, not its documents."""
    return Measurement(
        engine=report.engine,
        release=release,
        headline=report.headline,
        metrics=report.metrics.model_dump(mode="json"),
        by_category={name: getattr(group, report.headline) for name, group in report.by_category.items()},
        canary_cer=None if canary is None else canary.metrics.cer,
    )


def field_measurement(measured: FieldMeasurement, *, release: int | None) -> Measurement:
    """What history keeps of what a tagger reached: its mean F1, and the F1 of each field."""
    figures: dict[str, JsonValue] = {name: one.f1 for name, one in measured.fields.items()}
    return Measurement(
        engine=measured.extractor,
        release=release,
        headline="mean_f1",
        metrics={"mean_f1": measured.mean_f1, "fields": figures},
        by_category={},
    )
