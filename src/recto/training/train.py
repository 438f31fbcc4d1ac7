"""Train: fine-tune on a dataset and write a Run with a model, whichever way of learning it is.

Nothing is measured on test. Of several processes that train together (`ranks`) the first one does all this,
and the others `follow`.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from recto.datasets.example import Dataset
from recto.datasets.fingerprint import fingerprint
from recto.engines.model_folder import open_model
from recto.errors import ModelFolderError
from recto.evaluation.machine import reset_peak_memory
from recto.observability.cost import cost
from recto.training import ranks
from recto.training.chronicle import Chronicle
from recto.training.cost import price_per_hour
from recto.training.estimate import NO_ESTIMATE, Estimate, held_against, in_words
from recto.training.identity import identity_of
from recto.training.lesson import Lesson
from recto.training.lora.lesson import LoraLesson
from recto.training.progress import Progress, Silent
from recto.training.recipe import default_recipe
from recto.training.run import Run, Start, open_run
from recto.training.selection import Selection, select
from recto.training.spent import Stopwatch
from recto.training.trackers import Opener, find_trackers
from recto.training.way import Examples, Teacher, Way, way_of

RESULT = "training.json"
MEASURING = "measuring"
"""What the names of stages begin with that are no training."""
ESTIMATING = "estimating time and memory"
_ESTIMATE = "estimate.json"
_PAGES, _PAGES_ASKED = 3, 6
"""So many are tried, at most, for an estimate before a training, and for one that somebody asked for."""


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
    way: Way | None = None,
    progress: Progress | None = None,
    *,
    start: Start = "new",
) -> Training:
    """Fine-tune on the splits train and val of `dataset`, and write a Run into `out`.

    Raises TrainingError, LeakageError, MissingPackage, ModelNotFound, OutputError, WorkspaceBusy (another
    process writes this Run), ParityError, SettingsError, and the dataset's own errors.
    """
    way = way or way_of(default_recipe())
    openers = needed(way)
    price = price_per_hour(way.recipe)
    chosen = select(dataset, way.usable, measured=False)
    identity = identity_of("train", way, (dataset.root, _fingerprint(dataset, chosen)), model="")
    with open_run(out, identity, start) as run:
        watch = Stopwatch(run, progress or Silent())
        taught = teach((dataset, chosen), run, way, watch, openers)
        training = Training(taught, run.model, cost(watch.spent().total_s, price))
        run.write_json("metrics.json", {**figures_of(taught), "cost": training.cost})
        run.log("finished")
        run.sweep()
    return training


def follow(dataset: Dataset, way: Way) -> None:
    """Take part in a training that the first process of several writes down; nothing is written here.

    Raises what `train` does before it begins, and TrainingError.
    """
    way.check()
    chosen = select(dataset, way.usable, measured=False)
    if ranks.agreed(goes_on=True):
        way.teacher().follow((chosen.train, chosen.val))


def estimate(dataset: Dataset, way: Way) -> Estimate | None:
    """What training on `dataset` should take here; None where its sample pages teach nothing."""
    needed(way)
    chosen = select(dataset, way.usable, measured=False)
    return way.teacher().estimate((chosen.train, chosen.val), _PAGES_ASKED)


def check_trainable(dataset: Dataset, way: Way) -> None:
    """Raise what stops `improve` on this dataset before it begins: TrainingError, LeakageError, …"""
    needed(way)
    select(dataset, way.usable)


def needed(way: Way) -> tuple[Opener, ...]:
    """The recipe's trackers; raises what stops the recipe here, before anything starts.

    MissingPackage, ModelNotFound, SettingsError, or TrainingError.
    """
    way.check()
    return find_trackers(way.recipe.trackers)


def teach(
    data: tuple[Dataset, Selection],
    run: Run,
    way: Way,
    watch: Stopwatch,
    openers: tuple[Opener, ...],
) -> Taught:
    """Train and write the model of `run`, or read what an earlier attempt finished."""
    done = _finished(run)
    ranks.agreed(goes_on=done is None)
    if done:
        return done
    dataset, chosen = data
    examples = (chosen.train, chosen.val)
    reset_peak_memory()
    watch.stage("loading the base model", 1)
    teacher = way.teacher()
    with Chronicle(run, watch, openers, way.recipe.model_dump(mode="json")) as chronicle:
        expected = None
        if len(chosen.train) >= way.estimates_from:
            expected = _estimated(run, chronicle, teacher, examples)
        lesson = teacher.learn(examples, _fingerprint(dataset, chosen), run, chronicle)
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
    return held_against(taught.estimate, seconds, taught.lesson.epochs, _device_peak_mb(taught))


def _device_peak_mb(taught: Taught) -> float | None:
    """The peak of the memory that the estimate is about: a GPU's, where one trained."""
    lesson = taught.lesson
    if isinstance(lesson, LoraLesson) and lesson.memory is not None:
        return lesson.memory.measured_mb
    return taught.peak_memory_mb


def _finished(run: Run) -> Taught | None:
    """What an earlier attempt learnt, if its model is whole."""
    earlier = run.read(RESULT)
    if earlier is None:
        return None
    try:
        open_model(run.model, engine=None)
    except ModelFolderError:
        return None
    return _TAUGHT.validate_json(earlier)


def _fingerprint(dataset: Dataset, chosen: Selection) -> str:
    """That of the documents that are learnt from."""
    return fingerprint(Dataset((*chosen.train, *chosen.val), dataset.root))


def _estimated(run: Run, chronicle: Chronicle, teacher: Teacher, examples: Examples) -> Estimate | None:
    """The estimate that this Run began with."""
    earlier = run.read(_ESTIMATE)
    if earlier is not None:
        return _MAYBE.validate_json(earlier)
    chronicle.stage(ESTIMATING, 1)
    found = teacher.estimate(examples, _PAGES)
    run.write_json(_ESTIMATE, _MAYBE.dump_python(found, mode="json"))
    chronicle.say(in_words(found) if found else NO_ESTIMATE)
    return found


def _taught(lesson: Lesson, expected: Estimate | None, watch: Stopwatch, *, held_out: bool) -> Taught:
    spent = watch.settle()
    seconds = {name: value for name, value in spent.seconds.items() if not name.startswith(MEASURING)}
    return Taught(lesson, held_out, expected, seconds, spent.peak_memory_mb)
