"""Improve: measure on test, fine-tune on train, measure again, and say plainly what changed.

The one function behind `recto improve`. It trains one model on one dataset; gates, releases and triggers
are not here. Test documents are measured only. What an attempt finished before it was killed is kept in the
run folder and isn't done again by the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.engines.engine import Engine
from recto.evaluation.compare import with_baseline
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, Metrics, Report, report_from_json
from recto.evaluation.report_html import write_report
from recto.observability.cost import cost
from recto.training.cost import price_per_hour
from recto.training.identity import Identity, identity_of
from recto.training.lesson import Lesson
from recto.training.progress import Progress, Silent
from recto.training.recipe import default_recipe
from recto.training.run import Run, Start, open_run
from recto.training.selection import Selection, select
from recto.training.spent import Spent, Stopwatch
from recto.training.train import MEASURING, Taught, figures_of, needed, teach
from recto.training.vendors import metrics_of, unseen
from recto.training.way import ReadingWay, Way, reading_way_of

_BEFORE = "before.json"
_AFTER = "report.json"


class Models(Protocol):
    """The model to improve on, those that come of it, and who wants to know what they score."""

    @property
    def current_sha256(self) -> str:
        """The content of the model to improve on: what was measured of another one isn't gone on with."""
        ...

    def load(self, model: Path | None) -> Engine:
        """The model to improve on (None), or one with the weights of a model folder."""
        ...

    def measured(self, report: Report) -> None:
        """Hears of each Report at once: of the one before, then of the one after, with that as baseline."""
        ...


@dataclass(frozen=True, slots=True)
class BaseModels:
    """Models that improve on the base weights of a way of learning, and tell nobody."""

    way: ReadingWay

    @property
    def current_sha256(self) -> str:
        """The content of the base weights."""
        return self.way.base_sha256()

    def load(self, model: Path | None) -> Engine:
        """The engine that reads with what this way writes."""
        return self.way.base_engine() if model is None else self.way.engine_with(model)

    def measured(self, report: Report) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What one `improve` did: the Report after, with the one before as its baseline, and the model folder.

    `unseen_before` and `unseen_after` are of test documents whose company is in neither train nor val.
    `spent` and `cost` (None without a price) are of everything, the two measurements too.
    """

    report: Report
    taught: Taught
    model: Path
    report_html: Path
    unseen_before: Metrics | None
    unseen_after: Metrics | None
    spent: Spent
    cost: float | None

    @property
    def lesson(self) -> Lesson:
        """What was learnt from what."""
        return self.taught.lesson

    @property
    def training_s(self) -> float:
        """Seconds of training alone, over all attempts."""
        return self.taught.total_s

    @property
    def training_peak_mb(self) -> float | None:
        """Largest resident memory while training, in MiB."""
        return self.taught.peak_memory_mb

    @property
    def held_out(self) -> bool:
        """Whether validation was taken out of train."""
        return self.taught.held_out


def improve(
    dataset: Dataset,
    out: Path,
    way: ReadingWay | None = None,
    progress: Progress | None = None,
    *,
    start: Start = "new",
    models: Models | None = None,
) -> Improvement:
    """Fine-tune on `dataset` and write a Run into `out`.

    `start` says what to do with an earlier Run there: see `run.open_run`. `models` are what is compared,
    the base weights before if it isn't said. Raises TrainingError (nothing to learn from, or no test
    documents), LeakageError, MissingPackage, ModelNotFound, OutputError, WorkspaceBusy, ParityError,
    SettingsError, and the engine's and dataset's own errors.
    """
    way = way or reading_way_of(default_recipe())
    openers, price = needed(way), price_per_hour(way.recipe)
    models = models or BaseModels(way)
    chosen = select(dataset, way.usable)
    identity = _identity(dataset, chosen, way, models.current_sha256)
    with open_run(out, identity, start) as run:
        watch = Stopwatch(run, progress or Silent())
        measure = _Measure(run, chosen.test, _info(dataset, chosen), watch, models)
        before = measure.before()
        taught = teach((dataset, chosen), run, way, watch, openers)
        report = measure.after(before)
        _, html = write_report(report, out, examples=chosen.test)
        spent = watch.spent()
        taught_from = (*dataset.split("train"), *dataset.split("val"))
        new_vendors = unseen(chosen.test, taught_from)
        improvement = Improvement(
            report=report,
            taught=taught,
            model=run.model,
            report_html=html,
            unseen_before=metrics_of(before, new_vendors),
            unseen_after=metrics_of(report, new_vendors),
            spent=spent,
            cost=cost(spent.total_s, price),
        )
        run.write_json("metrics.json", _metrics(improvement))
        run.log("finished")
        run.sweep()
    return improvement


def depends_on(dataset: Dataset, way: Way, model: str) -> Identity:
    """The Identity of the Run that `improve` would make beside the model of content `model`.

    Raises TrainingError, LeakageError.
    """
    return _identity(dataset, select(dataset, way.usable), way, model)


def _identity(dataset: Dataset, chosen: Selection, way: Way, model: str) -> Identity:
    used = Dataset((*chosen.train, *chosen.val, *chosen.test), dataset.root)
    return identity_of("improve", way, (dataset.root, fingerprint(used)), model)


@dataclass(frozen=True, slots=True)
class _Measure:
    """Measures the test documents, or reads what an earlier attempt measured."""

    run: Run
    test: Sequence[Example]
    info: DatasetInfo
    watch: Stopwatch
    models: Models

    def before(self) -> Report:
        """The model to improve on."""
        report = self._kept(_BEFORE)
        if report is None:
            report = self._measured(None, f"{MEASURING} the old model on test")
            self.run.write_text(_BEFORE, report.to_json())
        self.models.measured(report)
        return report

    def after(self, before: Report) -> Report:
        """The trained model, with `before` as its baseline."""
        report = self._kept(_AFTER)
        if report is None or report.baseline is None:
            new = self._measured(self.run.model, f"{MEASURING} the new model on test")
            report = with_baseline(new, before)
        self.models.measured(report)
        return report

    def _kept(self, name: str) -> Report | None:
        earlier = self.run.read(name)
        return None if earlier is None else report_from_json(earlier.decode())

    def _measured(self, model: Path | None, stage: str) -> Report:
        engine = self.models.load(model)
        self.watch.stage(stage, len(self.test))
        report = evaluate(
            engine, self.test, dataset=self.info, progress=lambda done, of: self.watch.advance(1)
        )
        self.run.log("measured", engine=report.engine, metrics=report.metrics.model_dump())
        return report


def _info(dataset: Dataset, chosen: Selection) -> DatasetInfo:
    measured = Dataset(chosen.test, dataset.root)
    return DatasetInfo(root=str(dataset.root), split="test", fingerprint=fingerprint(measured))


def _metrics(done: Improvement) -> dict[str, object]:
    """The figures of the run in one small file."""
    return {
        "before": done.report.baseline.metrics.model_dump() if done.report.baseline else None,
        "after": done.report.metrics.model_dump(),
        "unseen_vendors_before": done.unseen_before.model_dump() if done.unseen_before else None,
        "unseen_vendors_after": done.unseen_after.model_dump() if done.unseen_after else None,
        **figures_of(done.taught),
        "seconds_by_stage": done.spent.seconds,
        "attempts": done.spent.attempts,
        "cost": done.cost,
    }
