"""The rate's way up and down; which optimiser runs, and why."""

import copy
import sys

import bitsandbytes
import pytest
import torch

from recto.errors import MissingPackage, TrainingError
from recto.training.lora.optimisers import chosen_optimiser, learning_rate, make_optimiser, restore_optimiser

from .conftest import recipe_of


@pytest.mark.parametrize(
    ("schedule", "step", "share"),
    [
        ("cosine", 0, 0.1), ("cosine", 9, 1.0), ("cosine", 10, 1.0), ("cosine", 55, 0.5),
        ("cosine", 100, 0.0), ("linear", 55, 0.5), ("linear", 100, 0.0), ("constant", 99, 1.0),
    ],
)  # fmt: skip
def test_the_rate_rises_and_falls(schedule: str, step: int, share: float) -> None:
    recipe = recipe_of(schedule=schedule, warmup_steps=10, learning_rate=0.01)
    assert learning_rate(recipe, step, 100) == pytest.approx(0.01 * share)


def test_a_short_training_warms_up_shortly() -> None:
    recipe = recipe_of(schedule="constant", warmup_steps=10, learning_rate=0.01)
    assert [learning_rate(recipe, step, 10) for step in range(3)] == pytest.approx([0.005, 0.01, 0.01])


def test_the_choice_is_told() -> None:
    assert chosen_optimiser("auto", "cpu") == (
        "adamw",
        "optimiser adamw: 8-bit states save memory on a GPU, and this is cpu",
    )
    assert chosen_optimiser("auto", "cuda:0")[0] == "adamw-8bit"
    assert chosen_optimiser("paged-adamw-8bit", "cuda")[0] == "paged-adamw-8bit"
    with pytest.raises(TrainingError, match="this is cpu"):
        chosen_optimiser("paged-adamw-8bit", "cpu")


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    assert chosen_optimiser("auto", "cuda")[0] == "adamw"
    with pytest.raises(MissingPackage, match="pip install bitsandbytes"):
        chosen_optimiser("adamw-8bit", "cuda")


@pytest.mark.parametrize("name", ["adamw", "adamw-8bit"])
def test_each_one_steps(name: str) -> None:
    weight = torch.nn.Parameter(torch.ones(64, 80))
    recipe = recipe_of(learning_rate=0.1)
    optimiser = make_optimiser(name, [weight], recipe)  # type: ignore[arg-type]
    weight.grad = torch.ones_like(weight)
    optimiser.step()
    assert float(weight.detach().max()) == pytest.approx(0.9, abs=0.01)


class Paged(bitsandbytes.optim.PagedAdamW8bit):  # type: ignore[misc]
    """Its pages need a GPU; here each is a tensor that is known by its address."""

    def __init__(self, weight: torch.nn.Parameter) -> None:
        super().__init__([weight], lr=0.1)
        self.pages: list[int] = []

    def get_state_buffer(self, p: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        page = torch.zeros_like(p, dtype=dtype)
        self.pages.append(page.data_ptr())
        return page

    def step_on(self, weight: torch.nn.Parameter, number: int) -> None:
        weight.grad = torch.linspace(-1, 1, weight.numel()).view_as(weight) * number
        self.step()

    @property
    def stands_in(self) -> list[int]:
        """Where the states are."""
        return [state[name].data_ptr() for state in self.state.values() for name in ("state1", "state2")]


def test_states_stay_in_pages_when_they_come_back() -> None:
    weight = torch.nn.Parameter(torch.ones(64, 80))
    optimiser = Paged(weight)
    optimiser.step_on(weight, 1)
    state, kept = copy.deepcopy(optimiser.state_dict()), weight.detach().clone()
    optimiser.step_on(weight, 2)
    wanted = weight.detach().clone()

    restore_optimiser(optimiser, state)  # amidst a training: into the pages that are there
    weight.data = kept.clone()
    assert optimiser.stands_in == optimiser.pages
    assert len(optimiser.pages) == 2
    optimiser.step_on(weight, 2)
    assert torch.equal(weight, wanted)

    again = torch.nn.Parameter(kept.clone())
    other = Paged(again)
    restore_optimiser(other, state)  # after a kill: into new ones
    assert other.stands_in == other.pages
    assert len(other.pages) == 2
    other.step_on(again, 2)
    assert torch.equal(again, wanted)
