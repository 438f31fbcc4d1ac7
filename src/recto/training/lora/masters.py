"""Masters: fp32 copies of weights that learn in 16 bits, so that small steps add up.

A step of a fine-tuning is often smaller than half of what a number of 16 bits can change by, and would be
rounded away, each time anew. So the optimiser changes the masters, and what computes is the masters rounded.
Weights in fp32 (adapters are) are their own masters.
"""

from collections.abc import Mapping

import torch
from torch import nn

from recto.training.lora.pupil import Weights, fill


class Masters:
    """What the optimiser changes: `weights`, by the names of those in `learning`, which compute."""

    def __init__(self, learning: Mapping[str, nn.Parameter]) -> None:
        self._learning = dict(learning)
        self.weights = {name: _master(weight) for name, weight in learning.items()}

    def take_gradients(self) -> None:
        """Move the gradients from what computes to the masters, one at a time."""
        for master, weight in self._copied():
            if weight.grad is not None:
                master.grad, weight.grad = weight.grad.float(), None

    def give(self) -> None:
        """Let what computes be the masters, rounded."""
        with torch.no_grad():
            for master, weight in self._copied():
                weight.copy_(master)

    def put(self, weights: Weights) -> None:
        """Let the masters, and what computes, be these. Raises TrainingError for another model's."""
        fill(self.weights, weights)
        self.give()

    def _copied(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        pairs = zip(self.weights.values(), self._learning.values(), strict=True)
        return [(master, weight) for master, weight in pairs if master is not weight]


def is_rounded(weight: torch.Tensor) -> bool:
    """Whether a weight that learns needs a master."""
    return weight.dtype in (torch.bfloat16, torch.float16)


def _master(weight: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(weight.detach().float()) if is_rounded(weight) else weight
