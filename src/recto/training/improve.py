"""Improve: measure on test, fine-tune on train, measure again, and say plainly what changed.

The one function behind `recto improve`. It trains one model on one dataset; gates, releases and triggers
are not here. Test documents are measured only.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.errors import MissingPackage
from recto.evaluation.compare import with_baseline
from recto.evaluation.evaluate import evaluate
from recto.evaluation.machine import peak_memory_mb, reset_peak_memory
from recto.evaluation.report import DatasetInfo, Metrics, Report
from recto.evaluation.report_html import write_report
from recto.training.ctc.lesson import Lesson
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe
from recto.training.run import Run, start_run
from recto.training.selection import Selection, select
from recto.training.vendors import metrics_of, unseen

EngineLoader = Callable[[Path | None], Engine]
"""An engine with the base weights (None), or with those of a model folder."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What one `improve` did: the Report after, with the one before as its baseline, and the model folder.

    `unseen_before` and `unseen_after` are of test documents whose company is in neither train nor val;
    seconds are of training alone (lines, features, epochs, write-back), without the two measurements.
    """

    report: Report
    lesson: Lesson
    model: Path
    report_html: Path
    unseen_before: Metrics | None
    unseen_after: Metrics | None
    training_s: float
    training_peak_mb: float | None
    held_out: bool


def improve(
    dataset: Dataset,
    out: Path,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    overwrite: bool = False,
    load_engine: EngineLoader | None = None,
) -> Improvement:
    """Fine-tune the CPU engine on `dataset` and write a Run into `out`.

    Raises TrainingError (nothing to learn from, or no test documents), LeakageError, MissingPackage,
    OutputError, ParityError, and the engine's and dataset's own errors.
    """
    _need_torch()
    recipe, progress = recipe or Recipe(), progress or Silent()
    load_engine = load_engine or _load
    chosen = select(dataset)
    run = start_run(out, recipe, overwrite=overwrite)
    info = _info(dataset, chosen)
    before = _measure(load_engine(None), chosen.test, info, progress, "measuring the base model on test")
    run.log("measured", engine=before.engine, metrics=before.metrics.model_dump())

    reset_peak_memory()
    started = time.perf_counter()
    lesson = _learn(dataset, chosen, run, recipe, progress)
    training_s, peak_mb = time.perf_counter() - started, peak_memory_mb()
    run.log("trained", seconds=round(training_s, 2), peak_memory_mb=peak_mb, **asdict(lesson))

    after = _measure(load_engine(run.model), chosen.test, info, progress, "measuring the new model on test")
    run.log("measured", engine=after.engine, metrics=after.metrics.model_dump())
    report = with_baseline(after, before)
    _, html = write_report(report, out, examples=chosen.test)
    new_vendors = unseen(chosen.test, (*dataset.split("train"), *dataset.split("val")))
    improvement = Improvement(
        report=report,
        lesson=lesson,
        model=run.model,
        report_html=html,
        unseen_before=metrics_of(before, new_vendors),
        unseen_after=metrics_of(after, new_vendors),
        training_s=training_s,
        training_peak_mb=peak_mb,
        held_out=chosen.held_out,
    )
    run.write_json("metrics.json", _metrics(improvement))
    run.log("finished")
    return improvement


def _need_torch() -> None:
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            f"fine-tuning needs {error.name}, which isn't installed", hint="pip install 'recto[train]'"
        ) from error


def _load(model: Path | None) -> Engine:
    return load("ppocr", model=model)


def _info(dataset: Dataset, chosen: Selection) -> DatasetInfo:
    measured = Dataset(chosen.test, dataset.root)
    return DatasetInfo(root=str(dataset.root), split="test", fingerprint=fingerprint(measured))


def _measure(
    engine: Engine, test: Sequence[Example], info: DatasetInfo, progress: Progress, stage: str
) -> Report:
    progress.stage(stage, len(test))
    return evaluate(engine, test, dataset=info, progress=lambda done, of: progress.advance(1))


def _learn(dataset: Dataset, chosen: Selection, run: Run, recipe: Recipe, progress: Progress) -> Lesson:
    from recto.training.ctc.learn import learn

    taught = fingerprint(Dataset((*chosen.train, *chosen.val), dataset.root))
    return learn((chosen.train, chosen.val), taught, run, recipe, progress)


def _metrics(done: Improvement) -> dict[str, object]:
    """The figures of the run in one small file."""
    return {
        "before": done.report.baseline.metrics.model_dump() if done.report.baseline else None,
        "after": done.report.metrics.model_dump(),
        "unseen_vendors_before": done.unseen_before.model_dump() if done.unseen_before else None,
        "unseen_vendors_after": done.unseen_after.model_dump() if done.unseen_after else None,
        "lesson": asdict(done.lesson),
        "training_seconds": round(done.training_s, 2),
        "training_peak_memory_mb": done.training_peak_mb,
        "validation_held_out_of_train": done.held_out,
    }
