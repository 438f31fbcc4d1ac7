"""Train: fine-tune the CPU engine on a dataset and write a Run with a model. Nothing is measured on test."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from recto.datasets.example import Dataset
from recto.datasets.fingerprint import fingerprint
from recto.engines.model_folder import open_model
from recto.errors import MissingPackage, ModelFolderError
from recto.evaluation.machine import reset_peak_memory
from recto.observability.cost import cost
from recto.training.chronicle import Chronicle
from recto.training.cost import price_per_hour
from recto.training.ctc.lesson import Lesson
from recto.training.estimate import Estimate, held_against, in_words
from recto.training.identity import base_sha256, identity_of
from recto.training.progress import Progress, Silent
from recto.training.recipe import Recipe
from recto.training.run import Run, Start, open_run
from recto.training.selection import Selection, select
from recto.training.spent import Stopwatch
from recto.training.trackers import Opener, find_trackers

RESULT = "training.json"
MEASURING = "measuring"
"""What the names of stages begin with that are no training."""
ESTIMATING = "estimating time and memory"
_ESTIMATE = "estimate.json"
_WORTH_ESTIMATING = 30
"""Documents: estimating takes about 8 s, as much as a sixth of training on ten receipts."""
_PAGES_ASKED = 6


@dataclass(frozen=True, slots=True)
class Taught:
    """What a training learnt and took: seconds by stage over all attempts, peak of resident memory in MiB.

    `held_out` says that validation was taken out of train. `estimate` is None where none was made.
    """

    lesson: Lesson
    held_out: bool
    estimate: Estimate | None
    seconds: dict[str, float]
    peak_memory_mb: float | None

    @property
    def total_s(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class Training:
    """What `train` did, where the model is, and what it cost (None without a price)."""

    taught: Taught
    model: Path
    cost: float | None


_TAUGHT = TypeAdapter(Taught)
_MAYBE: TypeAdapter[Estimate | None] = TypeAdapter(Estimate | None)


def train(
    dataset: Dataset,
    out: Path,
    recipe: Recipe | None = None,
    progress: Progress | None = None,
    *,
    start: Start = "new",
) -> Training:
    """Fine-tune the CPU engine on the splits train and val of `dataset`, and write a Run into `out`.

    Raises TrainingError, LeakageError, MissingPackage, OutputError, WorkspaceBusy (another process writes
    this Run), ParityError, SettingsError, and the dataset's own errors.
    """
    recipe = recipe or Recipe()
    openers = needed(recipe)
    price = price_per_hour(recipe)
    chosen = select(dataset, measured=False)
    taught_on = Dataset((*chosen.train, *chosen.val), dataset.root)
    identity = identity_of("train", recipe, dataset.root, fingerprint(taught_on), base_sha256())
    with open_run(out, identity, start) as run:
        watch = Stopwatch(run, progress or Silent())
        taught = teach((dataset, chosen), run, recipe, watch, openers)
        training = Training(taught, run.model, cost(watch.spent().total_s, price))
        run.write_json("metrics.json", {**figures_of(taught), "cost": training.cost})
        run.log("finished")
        run.sweep()
    return training


def estimate(dataset: Dataset, recipe: Recipe | None = None) -> Estimate | None:
    """What training on `dataset` should take here; None where its sample pages teach nothing."""
    recipe = recipe or Recipe()
    needed(recipe)
    from recto.training.ctc.base_model import load_base
    from recto.training.ctc.calibration import calibrate

    chosen = select(dataset, measured=False)
    return calibrate(load_base(), (chosen.train, chosen.val), recipe, _PAGES_ASKED)


def check_trainable(dataset: Dataset, recipe: Recipe) -> None:
    """Raise what stops `improve` on this dataset before it begins: TrainingError, LeakageError, …"""
    needed(recipe)
    select(dataset)


def needed(recipe: Recipe) -> tuple[Opener, ...]:
    """The recipe's trackers; raises MissingPackage for everything that a training needs, before it starts."""
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            f"fine-tuning needs {error.name}, which isn't installed", hint="pip install 'recto[train]'"
        ) from error
    return find_trackers(recipe.trackers)


def teach(
    data: tuple[Dataset, Selection],
    run: Run,
    recipe: Recipe,
    watch: Stopwatch,
    openers: tuple[Opener, ...],
) -> Taught:
    """Train and write the model of `run`, or read what an earlier attempt finished."""
    if done := _finished(run):
        return done
    from recto.training.ctc.base_model import load_base
    from recto.training.ctc.calibration import calibrate
    from recto.training.ctc.learn import learn

    dataset, chosen = data
    examples = (chosen.train, chosen.val)
    taught_on = fingerprint(Dataset((*chosen.train, *chosen.val), dataset.root))
    reset_peak_memory()
    watch.stage("loading the base model", 1)
    base = load_base()
    with Chronicle(run, watch, openers, recipe.model_dump(mode="json")) as chronicle:
        expected = None
        if len(chosen.train) >= _WORTH_ESTIMATING:
            expected = _estimated(run, chronicle, lambda: calibrate(base, examples, recipe))
        lesson = learn(base, examples, taught_on, run, recipe, chronicle)
    taught = _taught(lesson, expected, watch, held_out=chosen.held_out)
    run.write_json(RESULT, _TAUGHT.dump_python(taught, mode="json"))
    run.log("trained", **asdict(taught))
    return taught


def figures_of(taught: Taught) -> dict[str, object]:
    """What metrics.json says of a training."""
    return {
        "lesson": asdict(taught.lesson),
        "estimate": asdict(taught.estimate) if taught.estimate else None,
        "training_seconds": round(taught.total_s, 2),
        "training_seconds_by_stage": taught.seconds,
        "training_peak_memory_mb": taught.peak_memory_mb,
        "validation_held_out_of_train": taught.held_out,
    }


def comparison(taught: Taught) -> str:
    """What was estimated and what it took, in one sentence; "" without an estimate."""
    if not taught.estimate:
        return ""
    seconds = taught.total_s - taught.seconds.get(ESTIMATING, 0.0)
    return held_against(taught.estimate, seconds, taught.lesson.epochs, taught.peak_memory_mb)


def _finished(run: Run) -> Taught | None:
    """What an earlier attempt learnt, if its model is whole."""
    earlier = run.read(RESULT)
    if earlier is None:
        return None
    try:
        open_model(run.model)
    except ModelFolderError:
        return None
    return _TAUGHT.validate_json(earlier)


def _estimated(run: Run, chronicle: Chronicle, calibrated: Callable[[], Estimate | None]) -> Estimate | None:
    """The estimate that this Run began with."""
    earlier = run.read(_ESTIMATE)
    if earlier is not None:
        return _MAYBE.validate_json(earlier)
    chronicle.stage(ESTIMATING, 1)
    found = calibrated()
    run.write_json(_ESTIMATE, _MAYBE.dump_python(found, mode="json"))
    chronicle.say(in_words(found) if found else "No estimate: the sample pages have no line to learn from.")
    return found


def _taught(lesson: Lesson, expected: Estimate | None, watch: Stopwatch, *, held_out: bool) -> Taught:
    spent = watch.settle()
    seconds = {name: value for name, value in spent.seconds.items() if not name.startswith(MEASURING)}
    return Taught(lesson, held_out, expected, seconds, spent.peak_memory_mb)
