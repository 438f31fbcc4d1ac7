"""Prepare: Examples → labelled features, ready to be learnt from. All that training sees is decided here.

    pages → lines → features → base readings → case

Nothing is trained here, and nothing written.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.ppocr.crops import scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.errors import TrainingError
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.case import transfer_case
from recto.training.ctc.features import Bucket, LabelledLines, extract, megabytes
from recto.training.ctc.lines import LineCutter, frames_needed
from recto.training.ctc.replay import general_lines
from recto.training.ctc.scoring import read_lines
from recto.training.progress import Progress
from recto.training.recipe import Recipe

_PARITY_LINES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The lines of one split, with what was left out and why, and characters that can't be written."""

    lines: LabelledLines
    left_out: dict[str, int]
    unwritable: str

    @property
    def count(self) -> int:
        """How many lines."""
        return sum(len(bucket.lines) for bucket in self.lines.buckets)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a training needs: lines to learn from, lines to choose the epoch by, general lines to replay.

    `probe` are some scaled line images of validation, for checking what is written. Of labels that knew
    no case, `letters_read` took theirs from the base model's reading, `letters_guessed` from neighbours.
    """

    train: Part
    val: Part
    replay: tuple[Bucket, ...]
    probe: tuple[Image, ...]
    letters_read: int
    letters_guessed: int

    @property
    def features_mb(self) -> float:
        """Memory of all features."""
        return megabytes((*self.train.lines.buckets, *self.val.lines.buckets, *self.replay))


def prepare(
    base: BaseModel, data: tuple[Sequence[Example], Sequence[Example]], recipe: Recipe, progress: Progress
) -> Prepared:
    """Lines and features of the training Examples and the validation Examples.

    Raises TrainingError where nothing can be learnt from.
    """
    middle = recipe.margin / 2
    train, _ = _part(base, data[0], recipe, (recipe.max_train_lines, (0.0, recipe.margin)), progress)
    val, probe = _part(base, data[1], recipe, (recipe.max_val_lines, (middle, middle)), progress)
    replay = _replay(base, recipe, progress)
    lines, read, guessed = _with_case(base, train.lines, progress)
    return Prepared(replace(train, lines=lines), val, tuple(replay), tuple(probe), read, guessed)


def _part(
    base: BaseModel,
    examples: Sequence[Example],
    recipe: Recipe,
    limits: tuple[int, tuple[float, float]],
    progress: Progress,
) -> tuple[Part, list[Image]]:
    """Cut at most so many lines of `examples`, with margins between two, and compute their features."""
    most, margins = limits
    find = LineFinder(DetectorSettings())
    cutter = LineCutter(frozenset(base.characters), margins, random.Random(recipe.seed), find)
    progress.stage("finding lines and computing features", len(examples))
    probe: list[Image] = []
    lines_cut = cutter.cut(examples, most=most, opened=progress.advance)
    buckets = extract(base.backbone, _watched(lines_cut, probe))
    short = {
        place
        for bucket in buckets
        for place in bucket.lines
        if bucket.frames < frames_needed(cutter.labels[place].text)
    }
    if short:
        cutter.left_out["more characters than the line is wide"] += len(short)
        buckets = [b for b in (_without(bucket, short) for bucket in buckets) if b.lines]
    if not buckets:
        reasons = "; ".join(f"{count} × {why}" for why, count in cutter.left_out.items())
        raise TrainingError(
            f"no line of {len(examples)} documents can be learnt from ({reasons or 'no lines'})",
            hint="see all problems of a dataset with: recto data check",
        )
    labels = cutter.labels
    lines = LabelledLines(
        tuple(buckets), tuple(label.text for label in labels), tuple(label.case_blind for label in labels)
    )
    return Part(lines, dict(cutter.left_out), "".join(sorted(cutter.unwritable))), probe


def _watched(lines: Iterator[Image], probe: list[Image]) -> Iterator[Image]:
    """The same lines, the first few kept for the parity check."""
    for line in lines:
        if len(probe) < _PARITY_LINES:
            probe.append(line)
        yield line


def _without(bucket: Bucket, places: set[int]) -> Bucket:
    rows = [row for row, place in enumerate(bucket.lines) if place not in places]
    return Bucket(bucket.features[rows], tuple(bucket.lines[row] for row in rows))


def _replay(base: BaseModel, recipe: Recipe, progress: Progress) -> list[Bucket]:
    if not recipe.replay_lines or not recipe.replay_weight:
        return []
    progress.stage("general lines against forgetting", recipe.replay_lines)
    lines = (scale_line(line) for line in general_lines(recipe.replay_lines, seed=recipe.seed))
    return extract(base.backbone, lines, advance=progress.advance)


def _with_case(base: BaseModel, lines: LabelledLines, progress: Progress) -> tuple[LabelledLines, int, int]:
    """Labels of case-blind sources with the case that the base model sees; how many letters were set."""
    blind = {place for place, is_blind in enumerate(lines.case_blind) if is_blind}
    if not blind:
        return lines, 0, 0
    progress.stage("taking the case from the base model's reading", len(blind))
    readings = read_lines(
        base.network.neck, base.network.head, lines.buckets, base.characters, advance=progress.advance
    )
    known = frozenset(base.characters)
    labels, read, guessed = list(lines.labels), 0, 0
    for place in blind:
        cased = transfer_case(labels[place], readings[place])
        if set(cased.text) <= known:
            labels[place], read, guessed = cased.text, read + cased.read, guessed + cased.guessed
    return replace(lines, labels=tuple(labels)), read, guessed
