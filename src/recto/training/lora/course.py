"""Course: what learns, step by step: which pages, their loss, its gradient, the optimiser.

A step depends on its number and on `state` alone, so that a training that was killed, or ran out of memory,
goes on as if nothing had been. The loss of a step is the mean over its answer tokens, however its pages are
shared out.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recto.errors import TrainingError
from recto.training.lora.loss import answer_loss
from recto.training.lora.masters import Masters
from recto.training.lora.material import Material
from recto.training.lora.optimisers import learning_rate, make_optimiser, restore_optimiser
from recto.training.lora.order import parts, steps_of_epoch, steps_per_epoch
from recto.training.lora.packing import keep_attention_within_pages, packed
from recto.training.lora.pupil import Pupil, Weights, means_of
from recto.training.lora.recipe import LoraRecipe, Optimiser
from recto.training.lora.together import Together

Tree = dict[str, object]
"""What torch's `state_dict`s are made of: tables, lists, numbers and tensors."""


@dataclass(frozen=True, slots=True)
class Stride:
    """What one step did: summed loss of its answer tokens, how many, all tokens computed, and the rate."""

    loss: float
    answer_tokens: int
    tokens: int
    learning_rate: float


class Course:
    """The steps of a training; `pupil` is changed by them."""

    def __init__(
        self, pupil: Pupil, samples: Material, recipe: LoraRecipe, optimiser: Optimiser, together: Together
    ) -> None:
        self._pupil, self._samples, self._recipe, self._together = pupil, samples, recipe, together
        self._packs = means_of(pupil, recipe).packed
        if self._packs:
            keep_attention_within_pages(pupil.loaded)
        self._weights = list(pupil.learning.values())
        self._masters = Masters(pupil.learning)
        self._optimiser = make_optimiser(optimiser, list(self._masters.weights.values()), recipe)
        self.epoch_steps = steps_per_epoch(len(samples.lengths), recipe.step_pages)
        self.steps = recipe.epochs * self.epoch_steps
        torch.manual_seed(recipe.seed + together.rank)

    def step(self, number: int, at_once: int) -> Stride:
        """Learn from the pages of step `number` (from 0), `at_once` at a time.

        Raises what says that memory ran out, in every process if it does in one; what was changed by then
        must be restored. Raises TrainingError where loss or gradient isn't a finite number: nothing is
        changed then.
        """
        pages = self._pages(number)
        rate = learning_rate(self._recipe, number, self.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        loss = self.gradient(pages, at_once)
        _check_finite("loss", loss, number)
        with self._together.in_memory():
            self._follow_gradient(number)
        self.forget_gradient()
        lengths = self._samples.lengths
        tokens = sum(lengths[page] for page in pages)
        return Stride(loss, self._samples.answer_tokens(pages), tokens, rate)

    def gradient(self, pages: tuple[int, ...], at_once: int) -> float:
        """Leave the gradient of the step's mean loss in the weights; returns the summed loss."""
        total = self._samples.answer_tokens(pages)
        self._pupil.model.train()
        summed = 0.0
        with self._together.in_memory():
            for part in parts(pages, at_once, self._together.rank, self._together.count):
                loss = self._loss(part)
                torch.autograd.backward(loss / total)
                summed += float(loss.detach())
            if self._together.count > 1:
                for weight in self._weights:  # a process whose pages didn't reach a weight has none
                    weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        self._together.add_up([weight.grad for weight in self._weights if weight.grad is not None])
        return sum(self._together.gathered(summed))

    def _follow_gradient(self, number: int) -> None:
        self._masters.take_gradients()
        weights = self._masters.weights.values()
        norm = nn.utils.clip_grad_norm_(weights, self._recipe.gradient_norm)
        _check_finite("gradient", float(norm), number)
        self._optimiser.step()
        self._masters.give()

    def forget_gradient(self) -> None:
        """Let no step take what `gradient` left."""
        for weight in self._weights:
            weight.grad = None
        self._optimiser.zero_grad(set_to_none=True)

    def state(self) -> Tree:
        """Weights (the masters of those that have some) and optimiser: with `random_state`, for `restore`."""
        weights: Weights = {name: weight.detach() for name, weight in self._masters.weights.items()}
        return {"weights": weights, "optimiser": self._optimiser.state_dict()}

    def is_at(self, state: Tree) -> bool:
        """Whether `state`, read from wherever it was, is that of now, to the last bit."""
        return _same(state, self.state())

    def restore(self, state: Tree) -> None:
        """Go back to a `state`, with a `random_state` in it as "random": the same step follows."""
        self.forget_gradient()
        self._masters.put(_table(state["weights"]))
        restore_optimiser(self._optimiser, _table(state["optimiser"]))
        self.set_random_state(_tree(state["random"]))

    def random_state(self) -> Tree:
        """Where the random numbers of this process are."""
        device = self._weights[0].device
        found: Tree = {"cpu": torch.get_rng_state()}
        if device.type == "cuda":
            found["cuda"] = torch.cuda.get_rng_state(device)
        return found

    def set_random_state(self, state: Tree) -> None:
        """Go back to a `random_state`."""
        torch.set_rng_state(_tensor(state["cpu"]))
        if "cuda" in state:
            torch.cuda.set_rng_state(_tensor(state["cuda"]), self._weights[0].device)

    def _pages(self, number: int) -> tuple[int, ...]:
        epoch, place = divmod(number, self.epoch_steps)
        return steps_of_epoch(self._samples.lengths, self._recipe.step_pages, self._recipe.seed, epoch)[place]

    def _loss(self, pages: tuple[int, ...]) -> Tensor:
        """The summed loss of these pages."""
        model = self._pupil.loaded.model
        batch = self._samples.batch(pages)
        if self._packs:
            lengths = self._samples.lengths
            attention = self._pupil.loaded.placement.attention
            batch = packed(batch, [lengths[page] for page in pages], attention)
        assert batch.labels is not None
        hidden = model.base_model(**batch.inputs, use_cache=False).last_hidden_state
        return answer_loss(hidden, batch.labels, model.get_output_embeddings())


def _check_finite(name: str, value: float, step: int) -> None:
    """Raise TrainingError for what nothing can be learnt from."""
    if not math.isfinite(value):
        what = f"the {name} of step {step + 1} isn't a finite number ({value})"
        hint = "begin anew with a lower learning_rate; at step 1, check the base weights: recto models verify"
        raise TrainingError(what, hint=hint)


def _same(one: object, other: object) -> bool:
    """Whether two trees hold the same bits, whichever devices their tensors are on."""
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return alike and torch.equal(_bits(one), _bits(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _bits(tensor: Tensor) -> Tensor:
    """A tensor's bytes, on the CPU: as numbers, what isn't one never equals itself."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)


def _table(value: object) -> dict[str, Tensor]:
    assert isinstance(value, dict)
    return value


def _tree(value: object) -> Tree:
    assert isinstance(value, dict)
    return value


def _tensor(value: object) -> Tensor:
    assert isinstance(value, Tensor)
    return value
