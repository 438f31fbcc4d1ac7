"""Calibration: what a training should take, by trying a few of its documents. Nothing is learnt by it.

It is the same for pages and for texts: whoever teaches says how documents are prepared.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from recto.datasets.example import Example
from recto.training.estimate import Estimate, typical
from recto.training.lora.course import Course
from recto.training.lora.fit import Work
from recto.training.lora.footprint import device_mb, expected
from recto.training.lora.order import steps_per_epoch
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import LoraRecipe
from recto.training.lora.together import Together

_WRITE_S = 5.0
"""Writing an adapter, and loading the base again to check it, are mostly the disk's affair: a guess."""

Examples = tuple[Sequence[Example], Sequence[Example]]


@dataclass(frozen=True, slots=True)
class Trying:
    """A model, its recipe, how its documents are `prepared`, and what stands around looking at them."""

    pupil: Pupil
    recipe: LoraRecipe
    prepared: Callable[[Examples, Together], Work]
    seeing: Callable[[], AbstractContextManager[None]] = nullcontext


def calibrate(trying: Trying, examples: Examples, most: int) -> Estimate | None:
    """Time and memory of a training, from gradients of at most `most` documents, and an answer about one.

    None without documents. Memory is by the formula of `lora/footprint`, for the longest of those tried.
    """
    began = time.perf_counter()
    (train, val), recipe, pupil = examples, trying.recipe, trying.pupil
    tried = typical(train, most)
    if not tried:
        return None
    together = Together(alone=True)  # the others may be waiting for the training already
    work = trying.prepared((tried, typical(val or train, 1)), together)
    looked = time.perf_counter()
    with trying.seeing():
        course = Course(pupil, work.samples, recipe, work.optimiser, together)
        pages = tuple(range(len(tried)))
        course.gradient(pages[:1], 1)  # the first one loads kernels
        started = time.perf_counter()
        course.gradient(pages, min(recipe.batch_pages, len(pages)))
        step_s = (time.perf_counter() - started) / len(pages) * recipe.step_pages
        course.forget_gradient()
        started = time.perf_counter()
        work.trial.score(1)
        answer_s = time.perf_counter() - started
    val_count = min(len(val), recipe.val_pages)
    per_document = (looked - began) / (len(tried) + 1)
    longest = max(work.samples.lengths) * min(recipe.batch_pages, len(train))
    return Estimate(
        documents=len(train) + val_count,
        train_count=len(train),
        val_count=val_count,
        prepare_s=per_document * (len(train) + val_count),
        epoch_s=step_s * steps_per_epoch(len(train), recipe.step_pages) + answer_s * val_count,
        epochs=recipe.epochs,
        write_s=_WRITE_S,
        memory_mb=expected(pupil, recipe, work.optimiser, longest).estimated_mb,
        calibration_s=time.perf_counter() - began,
        unit="pages",
        device_mb=device_mb(pupil.loaded.placement.device),
    )
