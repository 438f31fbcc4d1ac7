"""Improve: measure on test, fine-tune on train, measure again, and say plainly what changed.

The one function behind `recto improve`. It trains one model on one dataset; gates, releases and triggers
are not here. Test documents are measured only. What an attempt finished before it was killed is kept in the
run folder and isn't done again by the next one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.evaluation.compare import with_baseline
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, Metrics, Report, report_from_json
from recto.evaluation.report_html import write_report
from recto.training.cost import cost, price_per_hour
from recto.training.ctc.lesson import Lesson
from recto.training.identity import identity_of
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe
from recto.training.run import Run, Start, open_run
from recto.training.selection import Selection, select
from recto.training.spent import Spent, Stopwatch
from recto.training.train import MEASURING, Taught, figures_of, needed, teach
from recto.training.vendors import metrics_of, unseen

EngineLoader = Callable[[Path | None], Engine]
"""The engine to improve on (None), or one with the weights of a model folder."""

_BEFORE = "before.json"
_AFTER = "report.json"


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
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    start: Start = "new",
    load_engine: EngineLoader | None = None,
) -> Improvement:
    """Fine-tune the CPU engine on `dataset` and write a Run into `out`.

    `start` says what to do with an earlier Run there: see `run.open_run`. Raises TrainingError (nothing to
    learn from, or no test documents), LeakageError, MissingPackage, OutputError, WorkspaceBusy, ParityError,
    SettingsError, and the engine's and dataset's own errors.
    """
    recipe = recipe or Recipe()
    openers, price = needed(recipe), price_per_hour(recipe)
    load_engine = load_engine or _load
    chosen = select(dataset)
    used = Dataset((*chosen.train, *chosen.val, *chosen.test), dataset.root)
    with open_run(out, identity_of("improve", recipe, dataset.root, fingerprint(used)), start) as run:
        watch = Stopwatch(run, progress or Silent())
        measure = _Measure(run, chosen.test, _info(dataset, chosen), watch)
        before = measure.before(load_engine)
        taught = teach((dataset, chosen), run, recipe, watch, openers)
        report = measure.after(load_engine, before)
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


@dataclass(frozen=True, slots=True)
class _Measure:
    """Measures the test documents, or reads what an earlier attempt measured."""

    run: Run
    test: Sequence[Example]
    info: DatasetInfo
    watch: Stopwatch

    def before(self, load_engine: EngineLoader) -> Report:
        """The engine to improve on."""
        if (kept := self._kept(_BEFORE)) is not None:
            return kept
        report = self._measured(load_engine(None), f"{MEASURING} the base model on test")
        self.run.write_text(_BEFORE, report.to_json())
        return report

    def after(self, load_engine: EngineLoader, before: Report) -> Report:
        """The trained model, with `before` as its baseline."""
        if (kept := self._kept(_AFTER)) is not None and kept.baseline is not None:
            return kept
        engine = load_engine(self.run.model)
        return with_baseline(self._measured(engine, f"{MEASURING} the new model on test"), before)

    def _kept(self, name: str) -> Report | None:
        earlier = self.run.read(name)
        return None if earlier is None else report_from_json(earlier.decode())

    def _measured(self, engine: Engine, stage: str) -> Report:
        self.watch.stage(stage, len(self.test))
        report = evaluate(
            engine, self.test, dataset=self.info, progress=lambda done, of: self.watch.advance(1)
        )
        self.run.log("measured", engine=report.engine, metrics=report.metrics.model_dump())
        return report


def _load(model: Path | None) -> Engine:
    return load("ppocr", model=model)


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
