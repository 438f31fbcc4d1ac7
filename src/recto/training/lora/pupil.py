"""Pupil: the model that learns, which of its weights do, and who built it."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass

import peft
import torch
from torch import Tensor, nn

from recto.engines.vlm.loading import Loaded
from recto.errors import TrainingError
from recto.training.lora.recipe import Backend, LoraRecipe
from recto.training.lora.speed import Means, chosen_means

Weights = dict[str, Tensor]
"""Tensors of what learns, by the names that they have in the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Pupil:
    """`loaded.model` is what computes, adapters included; `adapters` is PEFT's view of it (None: none).

    `backend` is who built it, `why` says why that one.
    """

    loaded: Loaded
    backend: Backend
    why: str
    adapters: peft.PeftModel | None = None

    @property
    def model(self) -> nn.Module:
        """The whole model: trunk and output layer."""
        model: nn.Module = self.loaded.model
        return model

    @property
    def learning(self) -> dict[str, nn.Parameter]:
        """What learns, by name."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    @property
    def parameters(self) -> int:
        """How many numbers the model has; packed 4-bit weights count as what they stand for."""
        return sum(_numbers(weight) for weight in self.model.parameters())

    def weights(self) -> Weights:
        """A copy of what learns, on the CPU."""
        return {name: weight.detach().to("cpu", copy=True) for name, weight in self.learning.items()}

    def put(self, weights: Weights) -> None:
        """Let what learns be these. Raises TrainingError where they are another model's."""
        fill(self.learning, weights)

    def release(self) -> None:
        """Give the weights' memory back; the pupil computes nothing afterwards."""
        for weight in self.model.parameters():
            weight.data = torch.empty(0)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def means_of(pupil: Pupil, recipe: LoraRecipe) -> Means:
    """What makes steps of this pupil quick."""
    loaded = pupil.loaded
    return chosen_means(recipe, loaded.architecture.name, loaded.placement.attention, pupil.backend)


def fill(parameters: Mapping[str, nn.Parameter], weights: Weights) -> None:
    """Copy `weights` into the parameters of these names. Raises TrainingError where they have others."""
    if parameters.keys() != weights.keys():
        raise TrainingError("the state is one of another model", hint="pass --overwrite to begin anew")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])


def _numbers(weight: nn.Parameter) -> int:
    packed = getattr(weight, "quant_state", None)  # of bitsandbytes' Params4bit
    return int(packed.shape.numel()) if packed is not None else weight.numel()
