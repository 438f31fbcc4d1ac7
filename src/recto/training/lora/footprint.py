"""Footprint: the memory that a training should take, by a formula, before it; and what it did take.

    what is there    base weights, measured once loaded; on a CPU the most that the process had by then
  + what learns      gradients, masters of 16-bit weights, and two states of the optimiser for each number
  + a step           what the backward pass needs of each layer, one chunk of logits, one page's vision

Layers that compute twice (gradient checkpointing) leave their input only, and one of them all of its own. The
formula counts tensors; what the allocator keeps on top, it doesn't.
"""

from dataclasses import dataclass, replace

import torch

from recto.evaluation.machine import peak_memory_mb
from recto.training.lora.lesson import Memory
from recto.training.lora.loss import CHUNK_TOKENS
from recto.training.lora.masters import is_rounded
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import LoraRecipe, Optimiser

_MIB = 2**20
_ATTENTION_COPIES = 12  # norms in fp32 and in the model's numbers, q, k, v, turned q and k, output, residuals
_LOGIT_BYTES = 4 + 4 + 2  # in fp32, their gradient, and in the model's numbers


@dataclass(frozen=True, slots=True)
class Layer:
    """The sizes of a language layer: width, MLP numbers per token, how many layers, words."""

    width: int
    mlp: int
    layers: int
    words: int


def expected(pupil: Pupil, recipe: LoraRecipe, optimiser: Optimiser, tokens: int) -> Memory:
    """What a training should take with batches of `tokens` tokens at most, padding included."""
    loaded = pupil.loaded
    bytes_each = loaded.placement.dtype.itemsize
    layer = layer_of(pupil)
    inside = tokens * bytes_each * (_ATTENTION_COPIES * layer.width + layer.mlp)
    kept = tokens * bytes_each * layer.width * layer.layers if recipe.gradient_checkpointing else 0
    once = 1 if recipe.gradient_checkpointing else layer.layers
    logits = min(tokens, CHUNK_TOKENS) * layer.words * _LOGIT_BYTES
    learning = list(pupil.learning.values())
    state_bytes = 2 if "8bit" in optimiser else 8
    learnt = sum(weight.numel() * (_learnt_bytes(weight) + state_bytes) for weight in learning)
    return Memory(_now_mb(pupil), learnt / _MIB, (kept + once * inside + logits) / _MIB)


def measured(pupil: Pupil, memory: Memory) -> Memory:
    """`memory` with the peak until now."""
    device = pupil.loaded.placement.device
    if device.startswith("cuda"):
        return replace(memory, measured_mb=torch.cuda.max_memory_allocated(device) / _MIB)
    return replace(memory, measured_mb=peak_memory_mb())


def device_mb(device: str) -> float | None:
    """All memory of a GPU; None for other devices, which use this computer's."""
    if not device.startswith("cuda"):
        return None
    return float(torch.cuda.get_device_properties(device).total_memory / _MIB)


def layer_of(pupil: Pupil) -> Layer:
    """The sizes that the model's configuration has; experts count as often as a token visits one."""
    config = pupil.loaded.model.config.get_text_config(decoder=True).to_dict()
    width, mlp = int(config["hidden_size"]), 3 * int(config["intermediate_size"])
    if config.get("moe_intermediate_size"):
        inner, visits = int(config["moe_intermediate_size"]), int(config["num_experts_per_tok"])
        shared = 3 * inner * int(config.get("n_shared_experts") or 0)
        mlp = max(mlp, visits * (3 * inner + 3 * width) + shared)
    return Layer(width, mlp, int(config["num_hidden_layers"]), int(config["vocab_size"]))


def _learnt_bytes(weight: torch.Tensor) -> int:
    """What a number that learns takes beside itself: its gradient, and its master if it has one; in fp32."""
    return 8 if is_rounded(weight) else 4


def _now_mb(pupil: Pupil) -> float:
    """What is taken before anything is trained."""
    device = pupil.loaded.placement.device
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        return float(torch.cuda.memory_allocated(device) / _MIB)
    return peak_memory_mb() or sum(weight.nbytes for weight in pupil.model.parameters()) / _MIB
