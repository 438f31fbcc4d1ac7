"""Speed: which of a recipe's means to compute less, or more quickly, are used, and why. It imports no torch.

How they work is in `lora/packing`, `lora/compiling` and `engines/vlm/experts`.
"""

from dataclasses import dataclass

from recto.errors import TrainingError
from recto.training.lora.recipe import Backend, LoraRecipe

_PACKED = frozenset({"deepseek-ocr-2"})
"""Architectures that have one position a token, and hand on to attention where pages begin."""

_ATTENTIONS = frozenset({"sdpa", "flash_attention_2"})


@dataclass(frozen=True, slots=True)
class Means:
    """Whether batches are `packed` (see `lora/packing`), and what was decided, in words."""

    packed: bool
    why: tuple[str, ...]


def chosen_means(recipe: LoraRecipe, architecture: str, attention: str, backend: Backend) -> Means:
    """What is used. Raises TrainingError for what was asked for and can't be."""
    if backend != "transformers":
        _leave_to(backend, recipe)
    packed, why = _packing(recipe, architecture, attention, backend)
    others = {
        f"experts: by {recipe.experts}, as set": recipe.experts != "auto",
        "compile: the language layers, as set; the first step takes minutes": recipe.compile,
    }
    return Means(packed, (why, *(told for told, holds in others.items() if holds)))


def _packing(recipe: LoraRecipe, architecture: str, attention: str, backend: Backend) -> tuple[bool, str]:
    """Whether batches are packed, and why."""
    if recipe.padding_free is False:
        return False, "padding: as set, pages stand side by side"
    against = {
        f"{architecture} isn't known to compute packed pages right": architecture not in _PACKED,
        f"attention {attention} knows no borders of pages": attention not in _ATTENTIONS,
        f"the backend {backend} has an attention of its own": backend != "transformers",
    }
    reason = next((told for told, holds in against.items() if holds), "")
    if reason and recipe.padding_free is True:
        what = f"batches can't be free of padding: {reason}"
        raise TrainingError(what, where="padding_free", hint="padding_free: auto")
    if reason:
        return False, f"padding: pages stand side by side, {reason}"
    return True, "padding: none, pages stand one after the other"


def _leave_to(backend: Backend, recipe: LoraRecipe) -> None:
    """Raise for what another backend has its own way of."""
    if recipe.compile:
        what = f"the backend {backend} compiles by itself what it can"
        raise TrainingError(what, where="compile", hint="compile: false, or backend: transformers")
    if recipe.experts != "auto":
        what = f"the backend {backend} computes experts in its own way"
        raise TrainingError(what, where="experts", hint="experts: auto, or backend: transformers")
