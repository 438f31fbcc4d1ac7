"""Release: an immutable numbered model with all that it comes from. Only shapes are here: `store` keeps them.

`releases/NNNN/` holds `release.json`, which names every other file with its hash; `content_sha256` is the
hash of `release.json`, so that one number in the database covers the whole folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from recto.engines.model_folder import FileStamp
from recto.evaluation.fields.report import FieldReport
from recto.registry.gates import Verdict
from recto.workspace.tables import GENERAL, ReleaseRow

CARD = "release.json"
MODEL = "model"
RECIPE = "recipe.yaml"
REPORT = "report.json"
MEAN_F1 = "mean_f1"
SCHEMA_VERSION: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model comes from: data snapshot, recipe, code, base weights, and the Cycle that made it.

    `base_sha256` is the hash of the weights that training started from, `code_version` what
    the Run was made with (`training.identity.code_version`). `verdicts` are what the gates said, where there
    were any.
    """

    data_fingerprint: str
    recipe: Mapping[str, JsonValue]
    code_version: str
    base_sha256: str
    cycle_id: int | None = None
    verdicts: Sequence[Verdict] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A row of the table `releases`. `metrics` are those of its Report's test documents, and `headline`."""

    number: int
    scope: str
    created_at: datetime
    engine: str
    content_sha256: str
    data_fingerprint: str
    recipe_sha256: str
    code_version: str
    base_sha256: str
    cycle_id: int | None
    metrics: Mapping[str, object] = field(repr=False)

    @property
    def folder_name(self) -> str:
        """`0003`: the name of its folder in `releases/`."""
        return folder_name(self.number)

    @property
    def mean_f1(self) -> float | None:
        """Of a tagger: the mean F1 of its fields on the test documents of its time."""
        value = self.metrics.get(MEAN_F1)
        return float(value) if isinstance(value, int | float) else None

    @property
    def error_rate(self) -> float | None:
        """The headline error rate (0–1) on the test documents of its time; None of a tagger."""
        if self.mean_f1 is not None:
            return None
        value = self.metrics.get(str(self.metrics.get("headline")))
        return float(value) if isinstance(value, int | float) else None


class ReleaseCard(BaseModel):
    """`release.json`: the same facts beside the files, and every file (relative path) with its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = SCHEMA_VERSION
    number: int
    scope: str
    created_at: datetime
    engine: str
    label: str
    data_fingerprint: str
    recipe_sha256: str
    code_version: str
    base_name: str
    base_sha256: str
    cycle_id: int | None
    verdicts: tuple[Verdict, ...]
    files: dict[str, FileStamp]


def figures_of(report: FieldReport) -> dict[str, object]:
    """The metrics of a tagger's Release: `headline` is the mean F1 of the fields, on test documents."""
    measured = report.candidate
    return {
        "headline": MEAN_F1,
        MEAN_F1: measured.mean_f1,
        "documents": report.documents,
        "exact_documents": measured.exact_documents,
        "calibration_error": measured.all_fields.calibration_error,
        "seconds_per_document": measured.seconds_per_document,
        "fields": {name: one.f1 for name, one in measured.fields.items()},
    }


def folder_name(number: int) -> str:
    """The name of a Release's folder."""
    return f"{number:04d}"


def way_out(scope: str) -> str:
    """The command that always works where a current Release is damaged."""
    return "recto releases rollback --to base" + (f" --scope {scope}" if scope != GENERAL else "")


def release_of(row: ReleaseRow) -> Release:
    """The Release of a row."""
    return Release(
        number=row.number,
        scope=row.scope,
        created_at=row.created_at,
        engine=row.engine,
        content_sha256=row.content_sha256,
        data_fingerprint=row.data_fingerprint,
        recipe_sha256=row.recipe_sha256,
        code_version=row.code_version,
        base_sha256=row.base_sha256,
        cycle_id=row.cycle_id,
        metrics=row.metrics,
    )
