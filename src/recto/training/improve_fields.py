"""Improve what finds fields: teach it on train, measure it on test beside what did before, say what changed.

The one function behind `recto improve` for recipes of kind tagger and text; `training/improve` is that of
engines. The pages of test are read once, for both; gates and Releases are not here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.evaluation.fields.measure import Measured, measure_fields
from recto.evaluation.fields.page import write_field_report
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import DatasetInfo
from recto.extraction.extractor import Extractor
from recto.extraction.tagger import Tagger
from recto.observability.cost import cost
from recto.training.cost import price_per_hour
from recto.training.identity import Identity, identity_of
from recto.training.progress import Progress, Silent
from recto.training.readings import READINGS, KeptReadings
from recto.training.run import Run, Start, open_run
from recto.training.selection import Selection, select
from recto.training.spent import Spent, Stopwatch
from recto.training.train import MEASURING, Taught, figures_of, needed, teach
from recto.training.way import FieldWay

_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class Before:
    """What is to be improved on, and the hash of its content."""

    extractor: Extractor
    sha256: str


def untrained(way: FieldWay) -> Before:
    """The tagger that goes by patterns alone."""
    return Before(Tagger(way.schema), way.untrained_sha256())


@dataclass(frozen=True, slots=True)
class FieldImprovement:
    """What one such training did: the FieldReport, with what did before as its baseline, and the model.

    `spent` and `cost` (None without a price) are of everything, measuring too.
    """

    report: FieldReport
    taught: Taught
    model: Path
    report_html: Path
    spent: Spent
    cost: float | None


def improve_fields(
    dataset: Dataset,
    out: Path,
    way: FieldWay,
    progress: Progress | None = None,
    *,
    start: Start = "new",
    before: Before | None = None,
) -> FieldImprovement:
    """Teach on `dataset` and write a Run into `out`; `before` is the untrained tagger if it isn't said.

    Raises TrainingError (nothing to learn from, or to measure on), LeakageError, SchemaError, OutputError,
    WorkspaceBusy, and the engine's and dataset's own errors.
    """
    before = before or untrained(way)
    openers, price = needed(way), price_per_hour(way.recipe)
    chosen = select(dataset, way.usable)
    with open_run(out, _identity(dataset, chosen, way, before), start) as run:
        watch = Stopwatch(run, progress or Silent())
        taught = teach((dataset, chosen), run, way, watch, openers)
        report = _kept(run) or _measured(run, way, before, (dataset, chosen), watch)
        _, html = write_field_report(report, out)
        spent = watch.spent()
        done = FieldImprovement(report, taught, run.model, html, spent, cost(spent.total_s, price))
        run.write_json("metrics.json", _metrics(done))
        run.log("finished")
        run.sweep()
    return done


def depends_on(dataset: Dataset, way: FieldWay, before: Before) -> Identity:
    """The Identity of the Run that `improve_fields` would make. Raises TrainingError, LeakageError."""
    return _identity(dataset, select(dataset, way.usable), way, before)


def _identity(dataset: Dataset, chosen: Selection, way: FieldWay, before: Before) -> Identity:
    used = Dataset((*chosen.train, *chosen.val, *chosen.test), dataset.root)
    return identity_of("improve", way, (dataset.root, fingerprint(used)), before.sha256)


def _kept(run: Run) -> FieldReport | None:
    """What an earlier attempt measured."""
    earlier = run.read(_REPORT)
    return None if earlier is None else FieldReport.model_validate_json(earlier)


def _measured(
    run: Run, way: FieldWay, before: Before, data: tuple[Dataset, Selection], watch: Stopwatch
) -> FieldReport:
    dataset, chosen = data
    reader = KeptReadings(way.reader(), run.prepared / READINGS)
    watch.stage(f"{MEASURING} both on test", len(chosen.test))
    report = measure_fields(
        reader,
        way.extractor(run.model),
        Measured(chosen.test, _info(dataset, chosen.test), (*chosen.train, *chosen.val)),
        baseline=before.extractor,
        progress=_advancing(watch),
    )
    run.log("measured", mean_f1=report.candidate.mean_f1)
    return report


def _advancing(watch: Stopwatch) -> Callable[[int, int], None]:
    return lambda done, of: watch.advance(1)


def _info(dataset: Dataset, test: Sequence[Example]) -> DatasetInfo:
    measured = Dataset(tuple(test), dataset.root)
    return DatasetInfo(root=str(dataset.root), split="test", fingerprint=fingerprint(measured))


def _metrics(done: FieldImprovement) -> dict[str, object]:
    """The figures of the run in one small file."""
    report = done.report
    sides = {"before": report.baseline, "after": report.candidate}
    figures = {
        name: {"mean_f1": side.mean_f1, **{field: one.f1 for field, one in side.fields.items()}}
        for name, side in sides.items()
        if side is not None
    }
    return {
        **figures,
        **figures_of(done.taught),
        "seconds_by_stage": done.spent.seconds,
        "attempts": done.spent.attempts,
        "cost": done.cost,
    }
