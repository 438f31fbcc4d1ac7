"""Targets: which weights learn under a preset. Names and patterns only; it imports no torch.

`attention` leaves the vision part and the routed experts alone, so that vLLM can load the adapter while it
serves; adapters on vision layers have to be merged first. Routed experts have adapters under `experts` alone.
They are parameters of three dimensions, which PEFT adapts by name (`target_parameters`) and without dropout;
those of DeepSeek-OCR's own program are linear layers.
"""

import re
from dataclasses import dataclass

from recto.engines.vlm.architectures import Architecture, Layers
from recto.errors import TrainingError
from recto.training.lora.recipe import Preset

_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_LANGUAGE = (*_ATTENTION, "gate_proj", "up_proj", "down_proj")
_VISION = (*_LANGUAGE, "qkv", r"attn\.proj", "lin1", "lin2", "linear_fc1", "linear_fc2")
"""Linear layers of the vision parts: SAM's, Qwen's, and those that language layers have, too."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Where adapters go: a pattern for the names of linear layers, and the ends of names of parameters."""

    modules: str
    parameters: tuple[str, ...] = ()


def targets_of(architecture: Architecture, preset: Preset) -> Targets:
    """Where adapters go. Raises TrainingError for `experts` in an architecture that has none."""
    layers = architecture.layers
    patterns = [_language(layers, preset)]
    if preset == "all":
        patterns.append(_under(layers.vision, _VISION))
    if preset == "experts" and not (layers.experts or layers.expert_layers):
        hint = "preset: language"
        raise TrainingError(f"{architecture.name} has no routed experts to adapt", where="preset", hint=hint)
    return Targets("|".join(patterns), layers.experts if preset == "experts" else ())


def names_of(preset: Preset) -> tuple[str, ...]:
    """The linear layers of the language part that have adapters."""
    return _ATTENTION if preset == "attention" else _LANGUAGE


def learns_whole(architecture: Architecture, preset: Preset, name: str) -> bool:
    """Whether the parameter `name` learns when no adapters are used (method `full`)."""
    layers = architecture.layers
    in_vision = name.startswith(tuple(f"{part}." for part in layers.vision))
    if preset == "all":
        return True
    if preset == "attention":
        return re.fullmatch(rf"{_under((layers.language,), _ATTENTION)}\.(weight|bias)", name) is not None
    return not in_vision


def _language(layers: Layers, preset: Preset) -> str:
    """A pattern for the linear layers of the language part, without those of routed experts unless asked."""
    found = _under((layers.language,), names_of(preset))
    if preset == "experts" or not layers.expert_layers:
        return found
    return rf"(?!.*\.{re.escape(layers.expert_layers)}\.){found}"


def _under(parts: tuple[str, ...], names: tuple[str, ...]) -> str:
    """A pattern for linear layers of these names anywhere in these parts of the model."""
    where = "|".join(re.escape(part) for part in parts)
    return rf"(?:{where})(?:\..+)?\.(?:{'|'.join(names)})"
