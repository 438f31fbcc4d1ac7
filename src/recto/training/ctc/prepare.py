"""Prepare: Examples → labelled features, ready to be learnt from. All that training sees is decided here.

    pages → lines → features → base readings → labels

Nothing is trained here, and nothing written.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.ppocr.crops import scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.errors import TrainingError
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.features import Bucket, LabelledLines, extract, joined, megabytes
from recto.training.ctc.labelling import Labels, label_pages, read_pieces
from recto.training.ctc.lines import CutPage, PageCutter, frames_needed, normal
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.replay import general_lines, general_lines_for
from recto.training.ctc.views import altered, views_of
from recto.training.progress import Progress

_PARITY_LINES = 16
_HELD_LINES = 6_000
"""Images that are held until it is known whether copies of them are wanted (30 kB a line)."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The lines of one split, with what was left out and why, and characters that can't be written.

    `views` altered copies of each line are among `lines`. `aligned` lines have their labels from page text.
    Of labels that knew no case, `letters_read` took theirs from the base model's reading, `letters_guessed`
    from neighbours.
    """

    lines: LabelledLines
    left_out: dict[str, int]
    unwritable: str
    aligned: int
    views: int
    letters_read: int
    letters_guessed: int

    @property
    def count(self) -> int:
        """How many lines, altered copies not counted."""
        return sum(len(bucket.lines) for bucket in self.lines.buckets) // (1 + self.views)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a training needs: lines to learn from, lines to choose the epoch by, general lines to replay.

    `probe` are some scaled line images of validation, for checking what is written.
    """

    train: Part
    val: Part
    replay: LabelledLines
    probe: tuple[Image, ...]

    @property
    def taught(self) -> LabelledLines:
        """All lines that are learnt from: those of documents, and the general ones among them."""
        return joined(self.train.lines, self.replay)

    @property
    def features_mb(self) -> float:
        """Memory of all features."""
        return megabytes((*self.train.lines.buckets, *self.val.lines.buckets, *self.replay.buckets))


def prepare(
    base: BaseModel, data: tuple[Sequence[Example], Sequence[Example]], recipe: CtcRecipe, progress: Progress
) -> Prepared:
    """Lines and features of the training Examples and the validation Examples.

    Raises TrainingError where nothing can be learnt from.
    """
    middle = recipe.margin / 2
    train, images = _part(base, data[0], recipe, (recipe.max_train_lines, (0.0, recipe.margin)), progress)
    val, probe = _part(base, data[1], recipe, (recipe.max_val_lines, (middle, middle)), progress)
    train = _with_views(base, train, images, recipe, progress)
    count = general_lines_for(train.count, recipe)
    return Prepared(train, val, _replay(base, count, recipe.seed, progress), tuple(probe[:_PARITY_LINES]))


def _part(
    base: BaseModel,
    examples: Sequence[Example],
    recipe: CtcRecipe,
    limits: tuple[int, tuple[float, float]],
    progress: Progress,
) -> tuple[Part, list[Image]]:
    """Lines of one split, at most about so many, with box margins between two; and their first images."""
    most, margins = limits
    cutter = PageCutter(
        LineFinder(DetectorSettings(small_marks=recipe.small_marks)), margins, random.Random(recipe.seed)
    )
    progress.stage("finding lines and computing features", len(examples))
    pages: list[CutPage] = []
    images: list[Image] = []
    buckets = extract(
        base.backbone, _images(cutter.cut(examples, most=most, opened=progress.advance), pages, images)
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
    return _part_of(kept, labels), images


def _images(pages: Iterator[CutPage], seen: list[CutPage], first: list[Image]) -> Iterator[Image]:
    """The line images of `pages`; the pages without them go to `seen`, the first images also to `first`."""
    for page in pages:
        seen.append(page.without_images())
        first.extend(page.images[: max(0, _HELD_LINES - len(first))])
        yield from page.images


def _learnable(buckets: list[Bucket], labels: Labels) -> tuple[Bucket, ...]:
    """The lines with a label and enough frames for it; empties `buckets`, so that only one is there twice."""
    kept = []
    while buckets:
        bucket = buckets.pop(0)
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
        views=0,
        letters_read=labels.letters["read"],
        letters_guessed=labels.letters["guessed"],
    )


def _with_views(
    base: BaseModel, part: Part, images: Sequence[Image], recipe: CtcRecipe, progress: Progress
) -> Part:
    """Few lines with altered copies of them, which say the same."""
    views = views_of(part.count, recipe)
    places = sorted(place for bucket in part.lines.buckets for place in bucket.lines)
    if not views:
        return part
    if places[-1] >= len(images):
        progress.say(f"no altered copies of {len(places)} lines: too many were cut for so few labels")
        return part
    progress.stage("altered copies of few lines", views * len(places))
    rng = np.random.default_rng(recipe.seed)
    copies = (altered(images[place], rng) for _ in range(views) for place in places)
    found = extract(base.backbone, copies, advance=progress.advance)
    known = part.lines
    copied = LabelledLines(
        buckets=tuple(found),
        labels=tuple(known.labels[place] for place in places) * views,
        case_blind=tuple(known.case_blind[place] for place in places) * views,
    )
    return replace(part, views=views, lines=joined(known, copied))


def _replay(base: BaseModel, count: int, seed: int, progress: Progress) -> LabelledLines:
    if count:
        progress.stage("general lines against forgetting", count)
    known = frozenset(base.characters)
    texts: list[str | None] = []

    def images() -> Iterator[Image]:
        for line in general_lines(count, seed=seed):
            text = normal(line.text)
            texts.append(text if known.issuperset(text) else None)
            yield scale_line(line.image)

    buckets = extract(base.backbone, images(), advance=progress.advance)
    labels = Labels(texts, [False] * len(texts))
    return _part_of(_learnable(buckets, labels), labels).lines
