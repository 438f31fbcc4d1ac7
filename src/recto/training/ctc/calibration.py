"""Calibration: a few pages prepared and a few steps made on this machine, to tell what a training takes."""

import copy
from collections.abc import Callable, Sequence
from time import perf_counter

import torch

from recto.datasets.example import Example
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.errors import TrainingError
from recto.evaluation.machine import peak_memory_mb
from recto.training.ctc.alphabet import cut_head, trained_classes
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.batches import Shuffler
from recto.training.ctc.course import Course
from recto.training.ctc.decoding import LineReader
from recto.training.ctc.drift import Drift
from recto.training.ctc.features import Bucket, LabelledLines
from recto.training.ctc.prepare import Part, Prepared, prepare
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.replay import general_lines_for
from recto.training.ctc.scoring import score_lines
from recto.training.ctc.views import views_of
from recto.training.estimate import Estimate, typical, weight
from recto.training.progress import Silent

_REPLAYED = 32
_RIVAL_LINES = 600
_WIDTHS = 4
_WRITING_S = 5.0
"""Writing the graph and proving that it computes the same takes about this, however much was learnt."""


def calibrate(
    base: BaseModel, data: tuple[Sequence[Example], Sequence[Example]], recipe: CtcRecipe, most_pages: int
) -> Estimate | None:
    """What a training on `data` should take; None where the sample pages have no line to learn from.

    Looks at one page of validation and, of ten pages each, at one of training, `most_pages` at most.
    """
    started = perf_counter()
    base.backbone  # noqa: B018  is made once, and not to be counted as a page's
    pages = typical(data[0], min(most_pages, 1 + len(data[0]) // 10)), typical(data[1], 1)
    few = recipe.model_copy(update={"replay_lines": min(recipe.replay_lines, _REPLAYED), "views": 0})
    try:
        prepared, prepare_s, replay_s = _timed_preparation(base, pages, few)
    except TrainingError:
        return None
    share = [sum(map(weight, some)) / sum(map(weight, of)) for some, of in zip(pages, data, strict=True)]
    train_lines = min(recipe.max_train_lines, round(prepared.train.count / share[0]))
    val_lines = min(recipe.max_val_lines, round(prepared.val.count / share[1]))
    weights = [sum(map(weight, examples)) for examples in (*pages, *data)]
    copies = views_of(train_lines, recipe) * train_lines
    work = (sum(weights[2:]) + copies) / sum(weights[:2])
    general = general_lines_for(train_lines, recipe)
    step_s, read_s = _seconds_per_line(base, prepared, recipe)
    documents = len(data[0]) + len(data[1])
    lines = train_lines + copies + val_lines + general
    return Estimate(
        documents=documents,
        train_count=train_lines,
        val_count=val_lines,
        prepare_s=prepare_s * work
        + replay_s * general / max(1, few.replay_lines)
        + read_s * (val_lines + min(_RIVAL_LINES, train_lines)),
        epoch_s=step_s * (train_lines + copies + general) + read_s * val_lines,
        epochs=recipe.epochs,
        write_s=_WRITING_S,
        memory_mb=_memory_mb(prepared, documents, lines),
        calibration_s=perf_counter() - started,
    )


class _Times(Silent):
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "", perf_counter()

    def stage(self, name: str, total: int) -> None:
        """A stage begins, another one ends."""
        now = perf_counter()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = name, now


def _timed_preparation(
    base: BaseModel, pages: tuple[list[Example], list[Example]], recipe: CtcRecipe
) -> tuple[Prepared, float, float]:
    """The sample pages prepared, seconds for their lines, and seconds for the general lines."""
    before = perf_counter()
    LineFinder(DetectorSettings())
    loading_s = perf_counter() - before
    times = _Times()
    prepared = prepare(base, pages, recipe, times)
    times.stage("", 0)
    replay_s = times.seconds.pop("general lines against forgetting", 0.0)
    return prepared, max(0.0, sum(times.seconds.values()) - 2 * loading_s), replay_s


def _seconds_per_line(base: BaseModel, prepared: Prepared, recipe: CtcRecipe) -> tuple[float, float]:
    """Seconds that a line takes in a training step, and in being read with the full head."""
    network = base.network
    lines = _tiled(prepared.train, recipe.step_lines)
    classes = trained_classes(base.characters, set("".join(lines.labels)), torch.arange(recipe.rivals))
    neck, head = copy.deepcopy(network.neck), cut_head(network.head, classes)
    shuffler = Shuffler(lines, base.characters, classes, recipe.step_lines, recipe.seed)
    twice = recipe.model_copy(update={"epochs": 2})
    course = Course((neck, head), shuffler, Drift(neck, head, prepared.replay.buckets, recipe), twice)
    lap_s = _second_time(lambda: course.lap(recipe.accumulation))
    reader = LineReader(network.neck, network.head, base.characters)
    read_s = _second_time(lambda: score_lines(reader, prepared.val.lines)) / prepared.val.count
    return lap_s / (_WIDTHS * recipe.step_lines), read_s


def _second_time(work: Callable[[], object]) -> float:
    """Seconds of doing `work` again, when everything is warm."""
    work()
    before = perf_counter()
    work()
    return perf_counter() - before


def _tiled(part: Part, count: int) -> LabelledLines:
    """Lines of a few widths that stand for all, each repeated so that it fills one step."""
    buckets = part.lines.buckets
    rows = [(bucket, row) for bucket in buckets for row in range(len(bucket.lines))]
    out = []
    for i in range(_WIDTHS):
        bucket, row = rows[int((i + 0.5) * len(rows) / _WIDTHS)]
        out.append(Bucket(bucket.features[[row] * count], (bucket.lines[row],) * count))
    return LabelledLines(tuple(out), part.lines.labels, part.lines.case_blind)


def _memory_mb(prepared: Prepared, pages: int, lines: int) -> float | None:
    """The peak until now, what the runtime's caches and pages in flight add, and the features of all lines.

    Measured on 5, 68 and 176 pages: the first thirty pages or so add 20 MB each, then only their lines
    count, with more than twice their features (what lies between them is too small to be used again).
    """
    peak = peak_memory_mb()
    known = prepared.train.count + prepared.val.count + len(prepared.replay.labels)
    features_mb = prepared.features_mb / known * lines
    return None if peak is None else peak + min(600.0, 20.0 * pages) + 2.2 * features_mb
