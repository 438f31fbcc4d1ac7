"""The backend of transformers and PEFT: weights from the engine's own loading, adapters by PEFT."""

import peft
import torch

from recto.engines.model_store import StoredModel
from recto.engines.vlm.device import Placement
from recto.engines.vlm.experts import compute_experts
from recto.engines.vlm.loading import Loaded, load_base
from recto.training.lora.compiling import compile_layers
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import BITS, LoraRecipe
from recto.training.lora.targets import learns_whole, targets_of


def load(
    source: StoredModel, placement: Placement, recipe: LoraRecipe, allowed: tuple[str, ...] = ()
) -> Loaded:
    """The base weights, in as many bits as the recipe's method says."""
    loaded = keep_packing(load_base(source, placement, bits=BITS[recipe.method], allow_remote_code=allowed))
    compute_experts(loaded, recipe.experts)
    return loaded


def keep_packing(loaded: Loaded) -> Loaded:
    """`loaded`, where bitsandbytes won't pack 4-bit weights anew for some CPUs when a page is read.

    It doesn't unpack them again for training or merging, and then has no gradients (0.50.2).
    """
    if loaded.bits == 4 and loaded.placement.device == "cpu":
        import bitsandbytes

        for module in loaded.model.modules():
            if isinstance(module, bitsandbytes.nn.Linear4bit):
                module.support_avx512bf16_for_cpu = False
    return loaded


def make_pupil(loaded: Loaded, recipe: LoraRecipe, why: str) -> Pupil:
    """Choose what learns, and put adapters there; the same seed gives the same adapters."""
    model = loaded.model
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.config.use_cache = False
    pupil = _pupil(loaded, recipe, why)
    if recipe.compile:
        compile_layers(loaded)
    return pupil


def _pupil(loaded: Loaded, recipe: LoraRecipe, why: str) -> Pupil:
    model = loaded.model
    if not recipe.adapts:
        for name, weight in model.named_parameters():
            weight.requires_grad_(learns_whole(loaded.architecture, recipe.preset, name))
        return Pupil(loaded, "transformers", why)
    torch.manual_seed(recipe.seed)
    adapted = peft.get_peft_model(model, adapter_config(loaded, recipe))
    for config in adapted.peft_config.values():  # the folder's path on this machine is nobody's business
        config.base_model_name_or_path = loaded.source.repo or loaded.source.name
        config.revision = loaded.source.revision or None
    return Pupil(loaded, "transformers", why, adapted)


def adapter_config(loaded: Loaded, recipe: LoraRecipe) -> peft.LoraConfig:
    """PEFT's words for the recipe."""
    targets = targets_of(loaded.architecture, recipe.preset)
    return peft.LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets.modules,
        target_parameters=list(targets.parameters) or None,
        bias="none",
        task_type="CAUSAL_LM",
    )
