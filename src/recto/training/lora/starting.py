"""Starting: what both ways of language models do before they teach: look for packages, choose where, load.

Which weights, and what is taught, the ways know themselves. Nothing heavy is imported before it is needed.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from recto.engines.model_store import StoredModel
from recto.errors import MissingPackage, TrainingError
from recto.settings import Computing
from recto.training import ranks
from recto.training.lora.recipe import LoraRecipe

if TYPE_CHECKING:
    from recto.engines.vlm.device import Placement
    from recto.training.lora.pupil import Pupil

NEEDED = ("torch", "transformers", "peft", "accelerate", "safetensors")


def check_packages(needed: Sequence[str], what: str) -> None:
    """Raise MissingPackage for the first that isn't installed; `what` needs them."""
    for name in needed:
        if find_spec(name) is None:
            raise MissingPackage(
                f"{what} needs {name}, which isn't installed", hint="pip install 'recto[vlm]'"
            )


def check_numbers(placement: "Placement") -> None:
    """Raise TrainingError for numbers that training can't be done in."""
    if placement.dtype_name == "float16":
        hint = "dtype: float32 (this GPU has no bfloat16)"
        raise TrainingError("float16 overflows in training", where="dtype", hint=hint)


def placement_of(recipe: LoraRecipe, settings: Computing) -> "Placement":
    """Where and how it is computed; of several processes each has a GPU of its own."""
    from recto.engines.vlm.device import choose

    asked: dict[str, object] = {"dtype": recipe.dtype, "attention": recipe.attention}
    if ranks.processes() > 1 and choose(settings).device.startswith("cuda"):
        asked["device"] = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return choose(settings.model_copy(update=asked))


def pupil_of(
    source: StoredModel, placement: "Placement", recipe: LoraRecipe, allowed: tuple[str, ...] = ()
) -> "Pupil":
    """The base weights, loaded with the backend that runs, and with what learns put there."""
    from recto.training.lora.backends import chosen_backend

    backend, why = chosen_backend(recipe, placement)
    if backend == "unsloth":
        from recto.training.lora.unsloth_backend import load as load_weights
        from recto.training.lora.unsloth_backend import make_pupil
    else:
        from recto.training.lora.peft_backend import load as load_weights
        from recto.training.lora.peft_backend import make_pupil
    if placement.device.startswith("cuda:"):
        import torch

        torch.cuda.set_device(placement.device)  # where kernels go that aren't told
    return make_pupil(load_weights(source, placement, recipe, allowed), recipe, why)
