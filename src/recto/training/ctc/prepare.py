"""Prepare: Examples → labelled features, ready to be learnt from. All that training sees is decided here.

    pages → lines → features → base readings → labels

Nothing is trained here, and nothing written.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.ppocr.crops import scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.errors import TrainingError
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.features import Bucket, LabelledLines, extract, megabytes
from recto.training.ctc.labelling import Labels, label_pages, read_pieces
from recto.training.ctc.lines import CutPage, PageCutter, frames_needed
from recto.training.ctc.replay import general_lines
from recto.training.progress import Progress
from recto.training.recipe import Recipe

_PARITY_LINES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The lines of one split, with what was left out and why, and characters that can't be written.

    `aligned` lines have their labels from page text. Of labels that knew no case, `letters_read` took
    theirs from the base model's reading, `letters_guessed` from neighbours.
    """

    lines: LabelledLines
    left_out: dict[str, int]
    unwritable: str
    aligned: int
    letters_read: int
    letters_guessed: int

    @property
    def count(self) -> int:
        """How many lines."""
        return sum(len(bucket.lines) for bucket in self.lines.buckets)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a training needs: lines to learn from, lines to choose the epoch by, general lines to replay.

    `probe` are some scaled line images of validation, for checking what is written.
    """

    train: Part
    val: Part
    replay: tuple[Bucket, ...]
    probe: tuple[Image, ...]

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
    return Prepared(train, val, tuple(_replay(base, recipe, progress)), probe)


def _part(
    base: BaseModel,
    examples: Sequence[Example],
    recipe: Recipe,
    limits: tuple[int, tuple[float, float]],
    progress: Progress,
) -> tuple[Part, tuple[Image, ...]]:
    """Lines of one split, at most about so many, with box margins between two; and some of their images."""
    most, margins = limits
    cutter = PageCutter(
        LineFinder(DetectorSettings(small_marks=recipe.small_marks)), margins, random.Random(recipe.seed)
    )
    progress.stage("finding lines and computing features", len(examples))
    pages: list[CutPage] = []
    probe: list[Image] = []
    buckets = extract(
        base.backbone, _images(cutter.cut(examples, most=most, opened=progress.advance), pages, probe)
    )
    progress.stage("telling what each line says", sum(len(bucket.lines) for bucket in buckets))
    written = frozenset(char for page in pages for char in page.example.text or "")
    readings = read_pieces(base, buckets, written, progress.advance)
    labels = label_pages(pages, readings, frozenset(base.characters))
    labels.left_out.update(cutter.left_out)
    kept = _learnable(buckets, labels)
    if not kept:
        reasons = "; ".join(f"{count} × {why}" for why, count in labels.left_out.items())
        raise TrainingError(
            f"no line of {len(examples)} documents can be learnt from ({reasons or 'no lines'})",
            hint="see all problems of a dataset with: recto data check",
        )
    return _part_of(kept, labels), tuple(probe)


def _images(pages: Iterator[CutPage], seen: list[CutPage], probe: list[Image]) -> Iterator[Image]:
    """The line images of `pages`; the pages without them go to `seen`, the first few images to `probe`."""
    for page in pages:
        seen.append(page.without_images())
        probe.extend(page.images[: max(0, _PARITY_LINES - len(probe))])
        yield from page.images


def _learnable(buckets: Sequence[Bucket], labels: Labels) -> tuple[Bucket, ...]:
    """The lines that have a label, and enough frames for it."""
    kept = []
    for bucket in buckets:
        rows = [row for row, place in enumerate(bucket.lines) if labels.texts[place] is not None]
        wide = [r for r in rows if frames_needed(labels.texts[bucket.lines[r]] or "") <= bucket.frames]
        if short := len(rows) - len(wide):
            labels.left_out["more characters than the line is wide"] += short
        if wide:
            kept.append(Bucket(bucket.features[wide], tuple(bucket.lines[row] for row in wide)))
    return tuple(kept)


def _part_of(buckets: tuple[Bucket, ...], labels: Labels) -> Part:
    return Part(
        lines=LabelledLines(buckets, tuple(text or "" for text in labels.texts), tuple(labels.case_blind)),
        left_out=dict(labels.left_out),
        unwritable="".join(sorted(labels.unwritable)),
        aligned=labels.aligned,
        letters_read=labels.letters["read"],
        letters_guessed=labels.letters["guessed"],
    )


def _replay(base: BaseModel, recipe: Recipe, progress: Progress) -> list[Bucket]:
    if not recipe.replay_lines or not recipe.replay_weight:
        return []
    progress.stage("general lines against forgetting", recipe.replay_lines)
    lines = (scale_line(line) for line in general_lines(recipe.replay_lines, seed=recipe.seed))
    return extract(base.backbone, lines, advance=progress.advance)
