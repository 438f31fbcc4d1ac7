"""Backends: who builds what learns: transformers with PEFT everywhere, or Unsloth on a GPU.

Both give a `Pupil`, which the same loop trains on the same samples, so they differ in kernels alone. `auto`
is transformers: Unsloth's kernels were never run with this program, so they are taken only where they are
asked for by name. What was asked for and isn't there is an error.
"""

from importlib.util import find_spec

from recto.engines.vlm.device import Placement
from recto.errors import MissingPackage, TrainingError
from recto.training.lora.recipe import Backend, LoraRecipe

_UNSLOTH = "pip install 'recto[gpu]'"


def chosen_backend(recipe: LoraRecipe, placement: Placement) -> tuple[Backend, str]:
    """Which backend runs, and why. Raises MissingPackage or TrainingError for an Unsloth that can't."""
    is_there = find_spec("unsloth") is not None
    on_gpu = placement.device.startswith("cuda")
    if recipe.backend == "unsloth":
        if not is_there:
            what = "the backend unsloth needs a package that isn't installed"
            raise MissingPackage(what, hint=f"{_UNSLOTH}, or backend: auto")
        if not on_gpu:
            what = f"Unsloth trains vision-language models on a GPU only, and this is {placement.device}"
            raise TrainingError(what, where="backend", hint="backend: transformers trains everywhere")
        return "unsloth", "backend unsloth: as set"
    if recipe.backend == "transformers":
        return "transformers", "backend transformers: as set"
    if not on_gpu:
        return "transformers", f"backend transformers: Unsloth needs a GPU, and this is {placement.device}"
    if not is_there:
        return "transformers", f"backend transformers: Unsloth isn't installed ({_UNSLOTH})"
    return "transformers", "backend transformers: Unsloth is here, but only backend: unsloth takes it"
