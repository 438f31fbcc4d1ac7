"""Drift: how far a network has moved from the base model on general lines (KL divergence per frame).

Learning without forgetting: Li and Hoiem, 2016.
"""

import random
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from recto.training.ctc.features import Bucket
from recto.training.ctc.recipe import CtcRecipe

_SHARE = 8
"""A step looks at an eighth as many general lines as it learns from."""


class Drift:
    """General lines with what the base model says of them; none of them, no drift."""

    def __init__(self, neck: nn.Module, head: nn.Linear, replay: Sequence[Bucket], recipe: CtcRecipe) -> None:
        self.rng = random.Random(recipe.seed + 1)
        self._weight = recipe.replay_weight
        self._parts = []
        size = max(1, recipe.step_lines // _SHARE)
        with torch.inference_mode():
            for bucket in replay:
                for features in torch.split(bucket.features, size):
                    wanted = head(neck(features.float())).log_softmax(2).half()
                    self._parts.append((features, wanted.clone()))

    def add_gradient(self, neck: nn.Module, head: nn.Linear, pieces: int) -> float:
        """Add the weighted gradient on one random batch, computed in `pieces`; give the divergence."""
        if not self._parts:
            return 0.0
        features, wanted = self.rng.choice(self._parts)
        frames = wanted.shape[0] * wanted.shape[1]
        size = -(-len(features) // pieces)
        total = 0.0
        for some, target in zip(torch.split(features, size), torch.split(wanted, size), strict=True):
            said = head(neck(some.float())).log_softmax(2)
            apart = functional.kl_div(said, target.float(), reduction="sum", log_target=True) / frames
            (self._weight * apart).backward()
            total += apart.item()
        return total
