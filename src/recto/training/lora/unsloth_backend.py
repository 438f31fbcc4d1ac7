"""The backend of Unsloth: its kernels under our loop. It needs a GPU, and was never run here: there was none.

Written after the source of unsloth 2026.10.9. Tokenizer and image processor stay the engine's own, so that
samples are the same, bit for bit, as with the other backend.
"""

from recto.engines.model_store import StoredModel
from recto.engines.vlm.device import Placement
from recto.engines.vlm.loading import Loaded, checked_architecture, load_inputs
from recto.errors import MissingPackage, TrainingError
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import BITS, LoraRecipe
from recto.training.lora.targets import names_of, targets_of

try:
    from unsloth import FastLanguageModel, FastVisionModel  # type: ignore[import-not-found, import-untyped, unused-ignore]
except (ImportError, NotImplementedError) as error:  # the second where it finds no GPU
    raise MissingPackage(
        f"the backend unsloth can't be used: {str(error).splitlines()[0]}",
        hint="pip install 'recto[gpu]' on a machine with a GPU, or backend: transformers",
    ) from error


def load(
    source: StoredModel, placement: Placement, recipe: LoraRecipe, allowed: tuple[str, ...] = ()
) -> Loaded:
    """The base weights as Unsloth loads them. Raises TrainingError where it can't."""
    architecture = checked_architecture(source, allowed)
    tokenizer, processor = load_inputs(source, architecture)
    bits = BITS[recipe.method]
    try:
        kind = FastVisionModel if architecture.sees else FastLanguageModel
        model, _ = kind.from_pretrained(
            model_name=str(source.path),
            max_seq_length=recipe.max_tokens,
            dtype=placement.dtype,
            load_in_4bit=bits == 4,
            load_in_8bit=bits == 8,
            load_in_16bit=bits == 16 and recipe.adapts,
            full_finetuning=not recipe.adapts,
            use_gradient_checkpointing="unsloth" if recipe.gradient_checkpointing else False,
            trust_remote_code=architecture.needs_remote_code,
            use_exact_model_name=True,
            random_state=recipe.seed,
        )
    except (NotImplementedError, RuntimeError, ValueError, OSError) as error:
        what = f"Unsloth can't load these weights: {str(error).splitlines()[0]}"
        raise TrainingError(what, where=source.path, hint="backend: transformers") from error
    return Loaded(model, processor, tokenizer, architecture, placement, source, bits, allowed)


def make_pupil(loaded: Loaded, recipe: LoraRecipe, why: str) -> Pupil:
    """Put adapters where the preset says; with method `full` Unsloth has chosen what learns.

    Experts are named or left alone here: of itself Unsloth adapts them as soon as a layer's MLP is.
    """
    if not recipe.adapts:
        return Pupil(loaded, "unsloth", why)
    if not loaded.architecture.sees:
        return _pupil_of_text(loaded, recipe, why)
    targets = targets_of(loaded.architecture, recipe.preset)
    adapted = FastVisionModel.get_peft_model(
        loaded.model,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets.modules,
        target_parameters=list(targets.parameters),
        use_gradient_checkpointing="unsloth" if recipe.gradient_checkpointing else False,
        random_state=recipe.seed,
    )
    FastVisionModel.for_training(adapted)
    return Pupil(loaded, "unsloth", why, adapted)


def _pupil_of_text(loaded: Loaded, recipe: LoraRecipe, why: str) -> Pupil:
    """Adapters in a model of text, whose layers Unsloth wants by plain names."""
    adapted = FastLanguageModel.get_peft_model(
        loaded.model,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=list(names_of(recipe.preset)),
        use_gradient_checkpointing="unsloth" if recipe.gradient_checkpointing else False,
        random_state=recipe.seed,
    )
    FastLanguageModel.for_training(adapted)
    return Pupil(loaded, "unsloth", why, adapted)
