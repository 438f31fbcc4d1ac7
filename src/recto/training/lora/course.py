"""Course: what learns, step by step: which pages, their loss, its gradient, the optimiser.

A step depends on its number and on `state` alone, so that a training that was killed, or ran out of memory,
goes on as if nothing had been. The loss of a step is the mean over its answer tokens, however its pages are
shared out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recto.training.lora.loss import answer_loss
from recto.training.lora.material import Material
from recto.training.lora.optimisers import learning_rate, make_optimiser
from recto.training.lora.order import parts, steps_of_epoch, steps_per_epoch
from recto.training.lora.pupil import Pupil, Weights
from recto.training.lora.recipe import LoraRecipe, Optimiser
from recto.training.lora.together import Together
from recto.training.memory import is_out_of_memory

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
        self._weights = list(pupil.learning.values())
        self._optimiser = make_optimiser(optimiser, self._weights, recipe)
        self.epoch_steps = steps_per_epoch(len(samples.lengths), recipe.step_pages)
        self.steps = recipe.epochs * self.epoch_steps
        torch.manual_seed(recipe.seed + together.rank)

    def step(self, number: int, at_once: int) -> Stride:
        """Learn from the pages of step `number` (from 0), `at_once` at a time.

        Raises what says that memory ran out, in every process if it does in one; what was changed by then
        must be restored.
        """
        pages = self._pages(number)
        rate = learning_rate(self._recipe, number, self.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        loss = self.gradient(pages, at_once)
        nn.utils.clip_grad_norm_(self._weights, self._recipe.gradient_norm)
        self._optimiser.step()
        self.forget_gradient()
        lengths = self._samples.lengths
        tokens = sum(lengths[page] for page in pages)
        return Stride(loss, self._samples.answer_tokens(pages), tokens, rate)

    def gradient(self, pages: tuple[int, ...], at_once: int) -> float:
        """Leave the gradient of the step's mean loss in the weights; returns the summed loss."""
        total = self._samples.answer_tokens(pages)
        self._pupil.model.train()
        summed, failure = 0.0, None
        try:
            for part in parts(pages, at_once, self._together.rank, self._together.count):
                loss = self._loss(part)
                torch.autograd.backward(loss / total)
                summed += float(loss.detach())
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            failure = error
        if not self._together.all_well(well=failure is None):
            raise failure or MemoryError("memory ran out in another process")
        if self._together.count > 1:
            for weight in self._weights:  # a process whose pages didn't reach a weight has none
                weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        self._together.add_up([weight.grad for weight in self._weights if weight.grad is not None])
        return sum(self._together.gathered(summed))

    def forget_gradient(self) -> None:
        """Let no step take what `gradient` left."""
        self._optimiser.zero_grad(set_to_none=True)

    def loss_of(self, page: int) -> Tensor:
        """The loss of one page as the weights are: what must come out again after `restore`."""
        self._pupil.model.eval()
        with torch.no_grad():
            return self._loss((page,)).cpu()

    def state(self) -> Tree:
        """Weights and optimiser: with `random_state`, what `restore` takes."""
        weights: Weights = {name: weight.detach() for name, weight in self._pupil.learning.items()}
        return {"weights": weights, "optimiser": self._optimiser.state_dict()}

    def restore(self, state: Tree) -> None:
        """Go back to a `state`, with a `random_state` in it as "random": the same step follows."""
        self.forget_gradient()
        self._pupil.put(_table(state["weights"]))
        self._optimiser.load_state_dict(_table(state["optimiser"]))
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
        assert batch.labels is not None
        hidden = model.base_model(**batch.inputs, use_cache=False).last_hidden_state
        return answer_loss(hidden, batch.labels, model.get_output_embeddings())


def _table(value: object) -> dict[str, Tensor]:
    assert isinstance(value, dict)
    return value


def _tree(value: object) -> Tree:
    assert isinstance(value, dict)
    return value


def _tensor(value: object) -> Tensor:
    assert isinstance(value, Tensor)
    return value
