"""Fitting: what it changes, going on from any step as if nothing had been, and half as much at once."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from recto.engines.vlm.preparing import Batch
from recto.errors import ParityError, TrainingError
from recto.training.lora.course import Course
from recto.training.lora.fit import Fitted, Trial, Work, fit
from recto.training.lora.pupil import Pupil, Weights
from recto.training.lora.recipe import Optimiser, VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing
from recto.training.lora.state import State, read_state
from recto.training.lora.together import Together
from recto.training.lora.trial import PageTrial
from recto.training.progress import Epoch, Score, Silent

from .conftest import Make, recipe_of, seen_by

RECIPE = recipe_of(epochs=3, checkpoint_every_steps=1, patience=9)
"""Two steps an epoch, with dropout; a state after each step."""


class Killed(BaseException):
    """What a kill looks like from inside."""


@dataclass
class Memory(Silent):
    """A Keeper that remembers, on disk; killed once it has kept `lives` states."""

    folder: Path
    lives: int = 99
    kept: int = 0
    last: Path | None = None
    bests: dict[int, Weights] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def newest(self) -> Path | None:
        return self.last

    def keep(self, state: State) -> None:
        if self.kept >= self.lives:
            raise Killed
        self.kept += 1
        stream = io.BytesIO()
        state.write(stream)  # type: ignore[arg-type]
        self.last = self.folder / f"{state.step}"
        self.last.write_bytes(stream.getvalue())

    def keep_best(self, step: int, weights: Weights) -> None:
        self.bests[step] = weights

    def best(self, step: int) -> Weights:
        return self.bests[step]

    def resumed(self, state: State) -> None:
        self.epochs = list(state.epochs)

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)

    def say(self, remark: str) -> None:
        self.said.append(remark)


@dataclass
class Marks:
    """A Trial that gives the marks it is told to, one after the other."""

    samples: Samples
    errors: list[int]

    def score(self, at_once: int) -> Score:
        return Score(self.errors[0] / 100, 0.0, self.errors.pop(0), 100, 0.0, (), "pages")


@dataclass
class Lesson:
    """One training of a fresh pupil."""

    pupil: Pupil
    pages: Samples
    recipe: VlmRecipe = RECIPE

    def fit(self, keeper: Memory, trial: Trial | None = None) -> Fitted:
        trial = trial or PageTrial(self.pupil.loaded, self.pages, self.recipe, Together())
        work = Work(self.pupil, self.pages, trial, self.recipe, "adamw")
        with seeing(self.pupil.loaded):
            return fit(work, keeper, Together())


def figures(epochs: Sequence[Epoch]) -> list[Epoch]:
    return [replace(epoch, seconds=0, speed=0) for epoch in epochs]


def same(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def test_other_processes_than_began_it_are_refused(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    """Each has random numbers of its own, and there would be too few of them, or too many."""
    keeper = Memory(tmp_path, lives=1)
    with pytest.raises(Killed):
        Lesson(make_pupil(RECIPE), pages).fit(keeper)
    assert keeper.last is not None
    state = read_state(keeper.last)
    keeper.lives = 9
    keeper.keep(replace(state, step=9, random=state.random * 2))
    with pytest.raises(TrainingError, match="2 processes began this training, not 1") as raised:
        Lesson(make_pupil(RECIPE), pages).fit(keeper)
    assert "start as many again" in raised.value.hint


def test_killed_within_an_epoch_and_gone_on_with(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = Memory(tmp_path / "whole")
    wanted = Lesson(make_pupil(RECIPE), pages).fit(whole)
    killed = Memory(tmp_path, lives=4)  # base model, step 1, step 2 and its evaluation, step 3
    with pytest.raises(Killed):
        Lesson(make_pupil(RECIPE), pages).fit(killed)
    assert killed.last is not None and killed.last.name == "3"
    killed.lives = 99
    torch.rand(7)  # what else the process drew in between doesn't matter
    pupil = make_pupil(RECIPE)
    found = Lesson(pupil, pages).fit(killed)
    assert same(found.best, wanted.best)
    assert (found.steps, found.best_step, found.tokens) == (wanted.steps, wanted.best_step, wanted.tokens)
    assert figures(found.epochs) == figures(wanted.epochs) == figures(killed.epochs)
    assert whole.last is not None
    newest, other = read_state(whole.last), read_state(killed.last)
    assert same(newest.course["weights"], other.course["weights"])  # type: ignore[arg-type]


def test_only_adapters_change(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    pupil = make_pupil(RECIPE)
    before = {name: value.clone() for name, value in pupil.model.state_dict().items()}
    fitted = Lesson(pupil, pages).fit(Memory(tmp_path))
    changed = {
        name for name, value in pupil.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert changed <= pupil.learning.keys() == fitted.best.keys()
    assert [epoch.number for epoch in fitted.epochs] == [0, 1, 2, 3]
    assert fitted.epochs[3].loss < fitted.epochs[1].loss
    assert fitted.tokens == 3 * sum(pages.lengths)


def test_the_best_by_cer_is_what_stays(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    keeper = Memory(tmp_path)
    fitted = Lesson(make_pupil(RECIPE), pages).fit(keeper, Marks(pages, [90, 60, 60, 70]))
    assert fitted.best_epoch.number == 1
    assert fitted.best_step == 2
    assert [epoch.is_best for epoch in fitted.epochs] == [True, True, False, False]
    assert same(fitted.best, keeper.bests[2])


def test_patience(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"patience": 2, "epochs": 50})
    fitted = Lesson(make_pupil(recipe), pages, recipe).fit(Memory(tmp_path), Marks(pages, [50, 60, 50, 1]))
    assert fitted.steps == 4
    assert fitted.best_epoch.number == 0


def test_evaluations_by_steps(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"evaluate_every_steps": 4, "checkpoint_every_steps": 0})
    keeper = Memory(tmp_path)
    fitted = Lesson(make_pupil(recipe), pages, recipe).fit(keeper, Marks(pages, [9, 8, 7]))
    assert [epoch.step for epoch in fitted.epochs] == [0, 4, 6]
    assert [epoch.name for epoch in keeper.epochs] == ["base model", "step 4", "step 6"]
    assert keeper.kept == 3


class Narrow(Samples):
    """Pages of which no more than `most` fit into memory at once."""

    def __init__(self, pages: Samples, most: int) -> None:
        self.__dict__.update(pages.__dict__)
        self.most = most

    def batch(self, pages: Sequence[int]) -> Batch:
        if len(pages) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().batch(pages)


def test_half_as_many_at_once_learn_the_same(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    recipe = recipe_of(batch_pages=4, epochs=2, dropout=0.0)
    rich = Lesson(make_pupil(recipe), pages, recipe).fit(Memory(tmp_path), Marks(pages, [9, 8, 7]))
    keeper = Memory(tmp_path)
    poor = Lesson(make_pupil(recipe), Narrow(pages, 1), recipe).fit(keeper, Marks(pages, [9, 8, 7]))
    assert keeper.said == [
        "memory ran out: 2 pages at once now, 2 times a step; going on after step 0",
        "memory ran out: 1 page at once now, 4 times a step; going on after step 0",
    ]
    assert (rich.at_once, poor.at_once) == (4, 1)
    assert poor.epochs[2].loss == pytest.approx(rich.epochs[2].loss, rel=1e-5)
    for name, value in rich.best.items():
        torch.testing.assert_close(poor.best[name], value, rtol=1e-3, atol=1e-4)


def test_too_little_for_a_single_page_is_our_error(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    lesson = Lesson(make_pupil(RECIPE), Narrow(pages, 0))
    with pytest.raises(TrainingError, match="even with one page at a time"):
        lesson.fit(Memory(tmp_path), Marks(pages, [9]))


class FullAtFirst(Memory):
    """A Keeper that has no memory for its first copy: of the best weights, or of the state."""

    def __init__(self, folder: Path, part: str) -> None:
        super().__init__(folder)
        self.part = part

    def keep_best(self, step: int, weights: Weights) -> None:
        self.run_out("best")
        super().keep_best(step, weights)

    def keep(self, state: State) -> None:
        self.run_out("state")
        super().keep(state)

    def run_out(self, part: str) -> None:
        if self.part == part:
            self.part = ""
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")


@pytest.mark.parametrize("part", ["best", "state"])
def test_memory_that_runs_out_before_there_is_a_state(
    make_pupil: Make, pages: Samples, tmp_path: Path, part: str
) -> None:
    keeper = FullAtFirst(tmp_path, part)
    fitted = Lesson(make_pupil(RECIPE), pages).fit(keeper, Marks(pages, [9, 8, 7, 6, 5]))
    assert keeper.said == ["memory ran out: 1 page at once now, 2 times a step; going on from the start"]
    assert [epoch.score.errors for epoch in keeper.epochs] == [
        8,
        7,
        6,
        5,
    ]  # the base model's 9 were told to nobody
    assert [epoch.number for epoch in fitted.epochs] == [0, 1, 2, 3]
    assert fitted.steps == 6 and sorted(keeper.bests) == [0, 2, 4, 6]


@pytest.mark.parametrize("part", ["a weight of the base", "a gradient"])
def test_what_isnt_a_finite_number_stops_the_run(
    make_pupil: Make, pages: Samples, tmp_path: Path, part: str
) -> None:
    pupil = make_pupil(RECIPE)
    if part == "a gradient":
        wanted = "the gradient of step 1 isn't a finite number"
        next(iter(pupil.learning.values())).register_hook(lambda gradient: gradient * torch.inf)
    else:
        wanted = "the loss of step 1 isn't a finite number"
        pupil.loaded.model.get_output_embeddings().weight.data[5] = torch.nan
    before = pupil.weights()
    with pytest.raises(TrainingError, match=wanted) as error:
        Lesson(pupil, pages).fit(Memory(tmp_path), Marks(pages, [9, 8, 7, 6]))
    assert "lower learning_rate" in str(error.value.hint) and "recto models verify" in str(error.value.hint)
    assert same(pupil.weights(), before)


def test_states_are_compared_by_their_bits(make_pupil: Make, pages: Samples) -> None:
    """What isn't a number is no fault of the disk, and 0 isn't -0."""
    pupil = make_pupil(RECIPE)
    weight = next(iter(pupil.learning.values())).data.view(-1)
    weight[:2] = torch.tensor([torch.nan, 0.0])
    course = Course(pupil, pages, RECIPE, "adamw", Together())
    stream = io.BytesIO()
    torch.save(course.state(), stream)
    stream.seek(0)
    assert course.is_at(torch.load(stream, weights_only=True))
    weight[1] = -0.0
    stream.seek(0)
    assert not course.is_at(torch.load(stream, weights_only=True))


def test_another_error_is_no_lack_of_memory(make_pupil: Make, pages: Samples, tmp_path: Path) -> None:
    trial = Marks(pages, [9])
    trial.score = lambda at_once: (_ for _ in ()).throw(RuntimeError("shapes differ"))  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="shapes differ"):
        Lesson(make_pupil(RECIPE), pages).fit(Memory(tmp_path), trial)


class Forgetful(Memory):
    """A Keeper on a disk that changes one number: a weight's, or one of the optimiser's."""

    def __init__(self, folder: Path, part: str) -> None:
        super().__init__(folder, lives=99)
        self.part = part

    def keep(self, state: State) -> None:
        super().keep(state)
        assert self.last is not None
        tree = torch.load(self.last, weights_only=True)
        if self.part == "weights":
            next(iter(tree["course"]["weights"].values())).view(-1)[0] += 1e-6
        elif tree["course"]["optimiser"]["state"]:
            tree["course"]["optimiser"]["state"][0]["exp_avg"].view(-1)[0] += 1e-6
        torch.save(tree, self.last)


@pytest.mark.parametrize(("part", "step"), [("weights", 0), ("optimiser", 1)])
def test_a_state_that_isnt_what_was_trained_is_found(
    make_pupil: Make, pages: Samples, tmp_path: Path, part: str, step: int
) -> None:
    with pytest.raises(ParityError, match=f"after step {step} isn't what was trained"):
        Lesson(make_pupil(RECIPE), pages).fit(Forgetful(tmp_path, part), Marks(pages, [9, 8]))


@pytest.mark.parametrize("at_once", [1, 3, 4])
def test_the_gradient_doesn_t_depend_on_how_many_are_computed_at_once(
    make_pupil: Make, pages: Samples, at_once: int
) -> None:
    recipe = recipe_of(dropout=0.0)
    pupil = make_pupil(recipe)
    with seeing(pupil.loaded):
        course = Course(pupil, pages, recipe, "adamw", Together())
        course.gradient((0, 1, 2, 3), 4)
        whole = {
            name: weight.grad.clone() for name, weight in pupil.learning.items() if weight.grad is not None
        }
        course.forget_gradient()
        course.gradient((0, 1, 2, 3), at_once)
    assert max(float(grad.abs().max()) for grad in whole.values()) > 1e-3
    for name, weight in pupil.learning.items():
        torch.testing.assert_close(weight.grad, whole[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("optimiser", "dtype"), [("adamw-8bit", "float32"), ("adamw", "bfloat16"), ("adamw-8bit", "bfloat16")]
)
def test_the_states_of_all_weights_come_back_too(make_pupil: Make, optimiser: Optimiser, dtype: str) -> None:
    recipe = recipe_of(method="full", preset="language", dropout=0.0, dtype=dtype)
    pupil = make_pupil(recipe)
    pages = seen_by(pupil, recipe)
    with seeing(pupil.loaded):
        course = Course(pupil, pages, recipe, optimiser, Together())
        course.step(0, 2)
        stream = io.BytesIO()
        torch.save(course.state() | {"random": course.random_state()}, stream)
        course.step(1, 2)
        wanted = pupil.weights()
        stream.seek(0)
        again = make_pupil(recipe)
        other = Course(again, pages, recipe, optimiser, Together())
    with seeing(again.loaded):
        other.restore(torch.load(stream, weights_only=True))
        assert not same(again.weights(), wanted)
        other.step(1, 2)
    assert same(again.weights(), wanted)
    assert other.is_at(course.state())


def test_small_steps_add_up_in_sixteen_bits(make_pupil: Make) -> None:
    """Each alone is rounded away in nearly all weights of bfloat16; twenty of them move nearly all."""
    recipe = recipe_of(
        method="full", preset="attention", dropout=0.0, dtype="bfloat16", learning_rate=1e-5,
        schedule="constant", warmup_steps=0, gradient_norm=1e9, epochs=10,
    )  # fmt: skip
    pupil = make_pupil(recipe)
    before = pupil.weights()
    assert {weight.dtype for weight in before.values()} == {torch.bfloat16}

    def moved() -> float:
        now = pupil.weights()
        share = [(now[name] != before[name]).float().mean() for name in before]
        return float(torch.stack(share).mean())

    pages = seen_by(pupil, recipe)
    with seeing(pupil.loaded):
        course = Course(pupil, pages, recipe, "adamw", Together())
        course.step(0, 2)
        once = moved()
        for number in range(1, course.steps):
            course.step(number, 2)
    assert once < 0.3
    assert moved() > 0.8


def test_adapters_are_in_fp32_whatever_their_base_is(make_pupil: Make) -> None:
    pupil = make_pupil(recipe_of(dtype="bfloat16", preset="experts", dropout=0.0))
    assert pupil.loaded.placement.dtype == torch.bfloat16
    assert {weight.dtype for weight in pupil.learning.values()} == {torch.float32}
