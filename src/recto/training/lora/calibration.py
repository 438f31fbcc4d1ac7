"""Calibration: what a training should take, by trying a few of its pages. Nothing is learnt by it."""

import time
from collections.abc import Sequence

from recto.datasets.example import Example
from recto.training.estimate import Estimate, typical
from recto.training.lora.course import Course
from recto.training.lora.footprint import device_mb, expected
from recto.training.lora.learn import sight_of, work_on
from recto.training.lora.order import steps_per_epoch
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.together import Together
from recto.training.progress import Silent

_WRITE_S = 5.0
"""Writing an adapter, and loading the base again to check it, are mostly the disk's affair: a guess."""


def calibrate(
    pupil: Pupil, examples: tuple[Sequence[Example], Sequence[Example]], recipe: VlmRecipe, most_pages: int
) -> Estimate | None:
    """Time and memory of a training, from gradients of `most_pages` pages and a reading of one.

    None without pages. Memory is by the formula of `lora/footprint`, for the longest of the pages tried.
    """
    began = time.perf_counter()
    train, val = examples
    tried = typical(train, most_pages)
    if not tried:
        return None
    together = Together(alone=True)  # the others may be waiting for the training already
    work = work_on(pupil, (tried, typical(val or train, 1)), recipe, Silent(), together)
    looked = time.perf_counter()
    with sight_of(pupil, recipe):
        course = Course(pupil, work.samples, recipe, work.optimiser, together)
        pages = tuple(range(len(tried)))
        course.gradient(pages[:1], 1)  # the first one loads kernels
        started = time.perf_counter()
        course.gradient(pages, min(recipe.batch_pages, len(pages)))
        step_s = (time.perf_counter() - started) / len(pages) * recipe.step_pages
        course.forget_gradient()
        started = time.perf_counter()
        work.trial.score(1)
        read_s = time.perf_counter() - started
    val_pages = min(len(val), recipe.val_pages)
    per_page = (looked - began) / (len(tried) + 1)
    longest = max(work.samples.lengths) * min(recipe.batch_pages, len(train))
    return Estimate(
        documents=len(train) + val_pages,
        train_count=len(train),
        val_count=val_pages,
        prepare_s=per_page * (len(train) + val_pages),
        epoch_s=step_s * steps_per_epoch(len(train), recipe.step_pages) + read_s * val_pages,
        epochs=recipe.epochs,
        write_s=_WRITE_S,
        memory_mb=expected(pupil, recipe, work.optimiser, longest).estimated_mb,
        calibration_s=time.perf_counter() - began,
        unit="pages",
        device_mb=device_mb(pupil.loaded.placement.device),
    )
