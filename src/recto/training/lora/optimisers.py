"""Optimisers and the schedule of the learning rate. What was chosen is told, what is missing is an error."""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from recto.errors import MissingPackage, TrainingError
from recto.training.lora.recipe import LoraRecipe, Optimiser

if TYPE_CHECKING:
    from bitsandbytes.optim import PagedAdamW8bit

_IN_PAGES = ("state1", "state2")
"""What bitsandbytes keeps in pages, of weights that are large enough."""
_MOST_WARMUP = 5
"""Warm-up takes at most one in so many steps."""


def chosen_optimiser(asked: Optimiser, device: str) -> tuple[Optimiser, str]:
    """Which optimiser runs, and why. Raises MissingPackage or TrainingError for one that can't."""
    there = find_spec("bitsandbytes") is not None
    if asked == "auto":
        if not device.startswith("cuda"):
            return "adamw", f"optimiser adamw: 8-bit states save memory on a GPU, and this is {device}"
        if not there:
            return "adamw", "optimiser adamw: bitsandbytes isn't installed, its states would take a quarter"
        return "adamw-8bit", "optimiser adamw-8bit: the first that fits a GPU"
    if asked != "adamw" and not there:
        hint = "pip install bitsandbytes, or optimiser: adamw"
        raise MissingPackage(f"the optimiser {asked} needs the package bitsandbytes", hint=hint)
    if asked.startswith("paged") and not device.startswith("cuda"):
        what = f"paged optimisers move their states out of a GPU's memory, and this is {device}"
        raise TrainingError(what, where="optimiser", hint="optimiser: auto")
    return asked, f"optimiser {asked}: as set"


def make_optimiser(
    name: Optimiser, weights: Sequence[nn.Parameter], recipe: LoraRecipe
) -> torch.optim.Optimizer:
    """The optimiser of this name, from `chosen_optimiser`."""
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if name == "adamw":
        fused = weights[0].is_cuda
        return torch.optim.AdamW(weights, lr=rate, weight_decay=decay, fused=fused or None)
    import bitsandbytes

    kind = bitsandbytes.optim.PagedAdamW8bit if name.startswith("paged") else bitsandbytes.optim.AdamW8bit
    made: torch.optim.Optimizer = kind(weights, lr=rate, weight_decay=decay)
    return made


def restore_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Tensor]) -> None:
    """Let the optimiser stand where its `state_dict` once stood."""
    if find_spec("bitsandbytes") is not None:
        import bitsandbytes

        if isinstance(optimiser, bitsandbytes.optim.PagedAdamW8bit):
            _restore_in_pages(optimiser, state)
            return
    optimiser.load_state_dict(state)


def learning_rate(recipe: LoraRecipe, step: int, steps: int) -> float:
    """The rate of step `step` (from 0) of `steps`: it rises in a line, then follows the schedule."""
    warmup = min(recipe.warmup_steps, steps // _MOST_WARMUP)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    gone = (step - warmup) / max(1, steps - warmup)
    if recipe.schedule == "linear":
        return recipe.learning_rate * (1 - gone)
    if recipe.schedule == "cosine":
        return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * gone))
    return recipe.learning_rate


def _restore_in_pages(optimiser: "PagedAdamW8bit", state: dict[str, Tensor]) -> None:
    """bitsandbytes itself loads all into plain tensors on the GPU, which no page ever leaves (0.50.2)."""
    pages = {
        (weight, name): states[name]
        for weight, states in optimiser.state.items()
        for name in _IN_PAGES
        if name in states
    }
    optimiser.load_state_dict(state, move_to_device=False)
    for weight, states in optimiser.state.items():
        for name in _IN_PAGES:
            if name not in states:
                continue
            page = pages.get((weight, name))
            if page is None:
                page = optimiser.get_state_buffer(weight, dtype=states[name].dtype)
            states[name] = page.copy_(states[name])
    optimiser.to_gpu()  # what is small, or says how the pages are to be read
