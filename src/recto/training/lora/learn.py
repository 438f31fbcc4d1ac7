"""Learn: labelled pages in, a verified model folder out.

    pages, seen once → adapters or weights by the loop → best by CER → folder → parity

Which Examples, where the Run is kept and whether it helped on test is the business of `training/improve`.
"""

import random
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Prepared, prepare
from recto.engines.vlm.tasks import prompt_of
from recto.training.chronicle import Chronicle
from recto.training.lora.export import Told, check_written, write
from recto.training.lora.fit import Fitted, Work, fit
from recto.training.lora.footprint import expected, measured
from recto.training.lora.keeping import Follower, RunKeeper
from recto.training.lora.lesson import LoraLesson, Memory
from recto.training.lora.optimisers import chosen_optimiser
from recto.training.lora.parity import TOKENS, answers_of
from recto.training.lora.pupil import Pupil, means_of
from recto.training.lora.recipe import LoraRecipe, VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing, sees_once
from recto.training.lora.together import Together
from recto.training.lora.trial import PageTrial
from recto.training.memory import enough_memory
from recto.training.progress import Progress
from recto.training.run import Run

Examples = tuple[Sequence[Example], Sequence[Example]]
_LESS = "a lower max_tokens, or another method"
_PROBES = 4


def learn(
    pupil: Pupil, examples: Examples, fingerprint: str, run: Run, recipe: VlmRecipe, chronicle: Chronicle
) -> LoraLesson:
    """Train on the first of `examples`, choose by the second, and write the model folder of `run`.

    Where no evaluation beat the base, what is written reads as the base does, and `improved` is False. The
    pupil is of no use afterwards. Raises TrainingError, ParityError, OutputError.
    """
    together = Together()
    with enough_memory(_LESS):
        chronicle.say(pupil.why)
        with together.to_the_end():
            work = work_on(pupil, examples, recipe, chronicle, together)
            memory = expected(pupil, recipe, work.optimiser, longest_batch(work))
            with sight_of(pupil, recipe):
                fitted = fit(work, RunKeeper(run, chronicle), together)
        memory = measured(pupil, memory)
        chronicle.stage("writing and checking the model", 1)
        lesson = lesson_of(work, fitted, memory)
        parity = _write(work, fitted, Told(fingerprint, _metrics(lesson)), run, recipe)
    chronicle.advance(1)
    return lesson.with_parity(parity)


def follow(pupil: Pupil, examples: Examples, recipe: VlmRecipe) -> None:
    """Take part in `learn` of the first process; nothing is written here."""
    together, keeper = Together(), Follower()
    with enough_memory(_LESS), together.to_the_end():
        work = work_on(pupil, examples, recipe, keeper, together)
        with sight_of(pupil, recipe):
            fit(work, keeper, together)


def work_on(
    pupil: Pupil, examples: Examples, recipe: VlmRecipe, progress: Progress, together: Together
) -> Work:
    """Pages looked at, and an optimiser chosen and told."""
    train, val = examples
    optimiser, why = chosen_optimiser(recipe.optimiser, pupil.loaded.placement.device)
    for remark in (*pupil.loaded.placement.why, why, *means_of(pupil, recipe).why):
        progress.say(remark)
    samples = Samples(pupil.loaded, train, recipe)
    samples.study(progress)
    trial = Samples(pupil.loaded, some_of(val, recipe), recipe)
    trial.study(progress)
    return Work(pupil, samples, PageTrial(pupil.loaded, trial, recipe, together), recipe, optimiser)


def sight_of(pupil: Pupil, recipe: VlmRecipe) -> AbstractContextManager[None]:
    """While pages that were seen once stand in the place of pixels."""
    return seeing(pupil.loaded) if sees_once(pupil.loaded, recipe) else nullcontext()


def some_of(val: Sequence[Example], recipe: LoraRecipe) -> list[Example]:
    """The validation pages that are read at every evaluation: always the same ones."""
    if len(val) <= recipe.val_pages:
        return list(val)
    chosen = random.Random(recipe.seed).sample(range(len(val)), recipe.val_pages)
    return [val[place] for place in sorted(chosen)]


def longest_batch(work: Work) -> int:
    """Tokens of the largest batch, padding included."""
    longest = sorted(work.samples.lengths, reverse=True)[: work.recipe.batch_pages]
    if means_of(work.pupil, work.recipe).packed:
        return sum(longest)
    return longest[0] * len(longest) if longest else 0


def _write(work: Work, fitted: Fitted, told: Told, run: Run, recipe: VlmRecipe) -> float:
    """Write the best, and compare what was written with what was trained; the largest difference."""
    pupil = work.pupil
    pupil.put(fitted.best)
    probes = _probes(pupil.loaded, work.trial.samples.examples, recipe)
    answers = answers_of(pupil.loaded, probes, min(TOKENS, work.recipe.max_new_tokens))
    folder = write(pupil, recipe, told, run.model)
    pupil.release()
    return check_written(folder, pupil.loaded, answers, same_kernels=pupil.backend == "transformers")


def _probes(loaded: Loaded, examples: Sequence[Example], recipe: VlmRecipe) -> list[Prepared]:
    """A few pages as an engine would prepare them."""
    prompt = prompt_of(loaded.architecture, recipe.task)
    images = [open_example(example).image for example in examples[:_PROBES]]
    return [prepare(loaded, image, prompt, recipe.mode) for image in images]


def _metrics(lesson: LoraLesson) -> dict[str, float]:
    return {"val_page_cer_before": lesson.before.cer, "val_page_cer": lesson.after.cer}


def lesson_of(work: Work, fitted: Fitted, memory: Memory) -> LoraLesson:
    """What was learnt, before the model is written."""
    pupil, placement = work.pupil, work.pupil.loaded.placement
    return LoraLesson(
        train_pages=len(work.samples.lengths),
        val_pages=len(work.trial.samples.lengths),
        before=fitted.epochs[0].score,
        after=fitted.best_epoch.score,
        epochs=len(fitted.epochs) - 1,
        best_epoch=fitted.best_epoch.number,
        steps=fitted.steps,
        best_step=fitted.best_step,
        backend=pupil.backend,
        why=pupil.why,
        method=work.recipe.method,
        optimiser=work.optimiser,
        device=placement.device,
        dtype=placement.dtype_name,
        attention=placement.attention,
        trainable_parameters=sum(weight.numel() for weight in pupil.learning.values()),
        total_parameters=pupil.parameters,
        tokens=fitted.tokens,
        tokens_per_s=fitted.tokens / max(fitted.seconds, 1e-9),
        pages_at_once=fitted.at_once,
        parity=0.0,
        memory=memory,
    )
