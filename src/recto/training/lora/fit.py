"""The loop: steps, evaluations, states; epoch 0 is the base model, and the best by CER is what stays.

After every evaluation, and every `checkpoint_every_steps`, the state is written, read again and compared, bit
by bit: what goes on after a kill gives the same weights as what was never killed. Where memory runs out, half
as many pages are computed at once from the last state on.
"""

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch

from recto.errors import ParityError, TrainingError
from recto.training.lora.course import Course, Stride
from recto.training.lora.keeping import Keeper
from recto.training.lora.material import Material
from recto.training.lora.pupil import Pupil, Weights
from recto.training.lora.recipe import LoraRecipe, Optimiser
from recto.training.lora.state import State, Stretch, read_state
from recto.training.lora.together import Together
from recto.training.memory import is_out_of_memory
from recto.training.progress import GOES_ON, Epoch, Score


class Trial(Protocol):
    """How well the model reads validation pages as it is."""

    @property
    def samples(self) -> Material:
        """Those pages."""
        ...

    def score(self, at_once: int) -> Score:
        """Read them, `at_once` at a time, and compare."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a training works on."""

    pupil: Pupil
    samples: Material
    trial: Trial
    recipe: LoraRecipe
    optimiser: Optimiser


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Every evaluation, the weights of the best, and what it took. `at_once` is what memory sufficed for."""

    epochs: tuple[Epoch, ...]
    best: Weights
    best_step: int
    steps: int
    tokens: int
    seconds: float
    at_once: int

    @property
    def best_epoch(self) -> Epoch:
        """The evaluation whose weights were kept."""
        return best_of(self.epochs)


def fit(work: Work, keeper: Keeper, together: Together) -> Fitted:
    """Train until all steps are done or patience is over; goes on from the newest state of `keeper`.

    Raises TrainingError where memory runs out even with single pages, ParityError for a state that doesn't
    come back as it was.
    """
    loop = _Loop(work, keeper, together)
    loop.begin()
    while not loop.is_over:
        try:
            loop.advance()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            loop.halve(error)
    return loop.fitted()


def best_of(epochs: Sequence[Epoch]) -> Epoch:
    """The newest that was the best when it came."""
    return next(epoch for epoch in reversed(epochs) if epoch.is_best)


def is_over(epochs: Sequence[Epoch], patience: int) -> bool:
    """Whether the last evaluations were no better than the best one before."""
    return bool(epochs) and epochs[-1].number - best_of(epochs).number >= patience


class _Loop:
    """Where the training stands, and its next move."""

    def __init__(self, work: Work, keeper: Keeper, together: Together) -> None:
        self._work, self._keeper, self._together = work, keeper, together
        self._course = Course(work.pupil, work.samples, work.recipe, work.optimiser, together)
        self._at_once = work.recipe.batch_pages
        self._step, self._tokens, self._seconds, self._best_step = 0, 0, 0.0, 0
        self._epochs: tuple[Epoch, ...] = ()
        self._stretch = Stretch()

    @property
    def is_over(self) -> bool:
        """Whether all steps are done and measured, or patience is over."""
        if not self._epochs:
            return False
        return self._step >= self._course.steps or is_over(self._epochs, self._work.recipe.patience)

    def begin(self) -> None:
        """Stand where an earlier attempt stood."""
        self._keeper.stage("training", self._course.steps)
        state = self._kept()
        if state:
            self._go_back(state)
            self._at_once = state.at_once
            self._keeper.resumed(state)

    def advance(self) -> None:
        """Measure the base model, or take a step and whatever is due after it."""
        if not self._epochs:
            self._evaluate()
            return
        started = time.perf_counter()
        stride = self._course.step(self._step, self._at_once)
        self._count(stride, time.perf_counter() - started)
        self._keeper.advance(1)
        if self._evaluation_is_due():
            self._evaluate()
        elif _is_due(self._step, self._work.recipe.checkpoint_every_steps):
            self._keep()

    def halve(self, error: BaseException) -> None:
        """Compute half as many pages at once, from the last state on. Raises TrainingError."""
        if self._at_once == 1:
            hint = f"close other programs, lower max_tokens or rank, or choose qlora: {GOES_ON}"
            raise TrainingError("memory ran out, even with one page at a time", hint=hint) from error
        self._at_once = max(1, self._at_once // 2)
        error.__traceback__ = None  # it holds the failed step's tensors
        self._free()
        state = self._kept()
        if state:
            self._go_back(state)
        else:  # only the base model can have been measured, which changes no weight
            self._epochs, self._best_step, self._stretch = (), 0, Stretch()
        pieces = -(-self._work.recipe.step_pages // self._at_once)
        few = "1 page" if self._at_once == 1 else f"{self._at_once} pages"
        where = f"after step {self._step}" if state else "from the start"
        self._keeper.say(f"memory ran out: {few} at once now, {pieces} times a step; going on {where}")

    def fitted(self) -> Fitted:
        """What came of it, with the best weights; followers, who write no model, have none."""
        best_step = self._best_step
        best = self._keeper.best(best_step)
        return Fitted(self._epochs, best, best_step, self._step, self._tokens, self._seconds, self._at_once)

    def _evaluation_is_due(self) -> bool:
        every = self._work.recipe.evaluate_every_steps or self._course.epoch_steps
        return _is_due(self._step, every) or self._step == self._course.steps

    def _evaluate(self) -> None:
        started = time.perf_counter()
        score = self._work.trial.score(self._at_once)
        stretch, number = self._stretch, len(self._epochs)
        epoch = Epoch(
            number=number,
            loss=stretch.loss / max(1, stretch.answer_tokens),
            drift=None,
            score=score,
            seconds=stretch.seconds + time.perf_counter() - started,
            is_best=not number or score.errors < best_of(self._epochs).score.errors,
            learning_rate=stretch.learning_rate,
            speed=stretch.tokens / max(stretch.seconds, 1e-9) if number else 0.0,
            speed_unit="tokens",
            step=self._step if self._work.recipe.evaluate_every_steps else 0,
        )
        self._epochs += (epoch,)
        self._stretch = Stretch()
        if epoch.is_best:
            self._best_step = self._step
            with self._together.in_memory():
                self._keeper.keep_best(self._step, self._work.pupil.weights())
        self._keep()
        self._keeper.epoch(epoch)

    def _keep(self) -> None:
        """Keep the state, and see that what was written is what stands here, to the last bit."""
        state = self._state()
        with self._together.in_memory():
            self._keeper.keep(state)
            written = self._keeper.newest()
            if written and not self._course.is_at(read_state(written).course):
                what = f"the state after step {self._step} isn't what was trained"
                raise ParityError(what, where=written, hint=f"check the disk, and report this; {GOES_ON}")

    def _kept(self) -> State | None:
        """The newest state, which each process reads for itself."""
        path = self._together.told(self._keeper.newest())
        with self._together.in_memory():
            return read_state(path) if path else None

    def _state(self) -> State:
        with self._together.in_memory():
            course, mine = self._course.state(), self._course.random_state()
        random = tuple(self._together.gathered(mine))
        return State(
            step=self._step,
            best_step=self._best_step,
            epochs=self._epochs,
            stretch=self._stretch,
            at_once=self._at_once,
            tokens=self._tokens,
            seconds=self._seconds,
            course=course,
            random=random,
        )

    def _go_back(self, state: State) -> None:
        if len(state.random) != self._together.count:
            what = f"{len(state.random)} processes began this training, not {self._together.count}"
            raise TrainingError(what, hint="start as many again, or pass --overwrite to begin anew")
        self._step, self._epochs, self._stretch = state.step, state.epochs, state.stretch
        self._tokens, self._seconds, self._best_step = state.tokens, state.seconds, state.best_step
        with self._together.in_memory():
            self._course.restore({**state.course, "random": state.random[self._together.rank]})

    def _count(self, stride: Stride, seconds: float) -> None:
        now = self._stretch
        self._step += 1
        self._tokens += stride.tokens
        self._seconds += seconds
        self._stretch = replace(
            now,
            loss=now.loss + stride.loss,
            answer_tokens=now.answer_tokens + stride.answer_tokens,
            tokens=now.tokens + stride.tokens,
            seconds=now.seconds + seconds,
            learning_rate=stride.learning_rate,
        )

    def _free(self) -> None:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _is_due(step: int, every: int) -> bool:
    return every > 0 and step > 0 and step % every == 0
