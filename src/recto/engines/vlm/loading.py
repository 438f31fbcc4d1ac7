"""Loading base weights: from a folder on this machine onto a device. Nothing is fetched from anywhere.

Only safetensors are read. A program that comes with the weights runs only where the architecture needs one,
the settings allow it by name, and the weights are those of one known commit.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image as PillowImage

from recto.engines.model_store import StoredModel
from recto.engines.vlm.architectures import ARCHITECTURES, Architecture, architecture_of
from recto.engines.vlm.device import Placement
from recto.engines.vlm.modes import Options
from recto.engines.vlm.packages import SafetensorError, torch, transformers
from recto.engines.vlm.version_one import version_one_pixels
from recto.errors import EngineError, MissingPackage, ModelFolderError

ToPixels = Callable[[PillowImage.Image, Options], Mapping[str, torch.Tensor]]
"""A page and a mode's options to the tensors that the model sees it by."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_QUANTISED_BITS = (4, 8)
_UNLOADABLE = (OSError, ValueError, RuntimeError, ImportError, AttributeError, KeyError, SafetensorError)
"""What transformers, safetensors and strangers' programs raise for weights that aren't what they should."""


@dataclass(eq=False, slots=True)
class Loaded:
    """A model on its device, with what turns pages and text into its inputs.

    `processor` makes pixels of a page, with PIL on every machine, so that they are the same everywhere.
    `bits` is 16, or 8 or 4 where the language layers were quantised. `allow_remote_code` is what it was
    loaded with.
    """

    model: transformers.PreTrainedModel
    processor: ToPixels
    tokenizer: transformers.PreTrainedTokenizerBase
    architecture: Architecture
    placement: Placement
    source: StoredModel
    bits: int = 16
    allow_remote_code: tuple[str, ...] = ()


def load_base(
    source: StoredModel, placement: Placement, *, bits: int = 16, allow_remote_code: tuple[str, ...] = ()
) -> Loaded:
    """The weights of `source` at `placement`, in evaluation mode.

    `bits` 8 or 4 quantises the language layers with bitsandbytes (routed experts, vision and head stay as
    they are). `allow_remote_code` names the architectures whose own program may run. Raises EngineError,
    MissingPackage or ModelFolderError.
    """
    architecture = checked_architecture(source, allow_remote_code)
    tokenizer, processor = load_inputs(source, architecture)
    placement = _fitted(placement, architecture)
    options: dict[str, object] = {
        "dtype": placement.dtype,
        "attn_implementation": _attention_of(architecture, placement.attention),
        "device_map": {"": placement.device},
        "use_safetensors": True,
        "local_files_only": True,
        "trust_remote_code": architecture.needs_remote_code,
    }
    if bits in _QUANTISED_BITS:
        options["quantization_config"] = _quantisation(architecture, bits, placement)
    elif bits != 16:
        raise EngineError(f"weights can't be loaded with {bits} bits", hint="16, 8 or 4")
    try:
        model, report = _kind_of(architecture).from_pretrained(
            source.path, output_loading_info=True, **options
        )
    except _UNLOADABLE as error:
        raise _unloadable(source, architecture, _first_line(error)) from error
    if missing := sorted(report["missing_keys"]):  # transformers would go on with random numbers there
        raise _unloadable(source, architecture, f"{len(missing)} tensors are missing, such as {missing[0]}")
    model.eval()
    return Loaded(model, processor, tokenizer, architecture, placement, source, bits, allow_remote_code)


def load_again(loaded: Loaded, source: StoredModel | None = None) -> Loaded:
    """What `loaded` was when it was loaded; or, with `source`, other weights in its place, of 16 bits.

    `source` may be a folder that was just written with the program of the same commit. Raises what
    `load_base` does.
    """
    allowed = loaded.allow_remote_code
    if source is None:
        return load_base(loaded.source, loaded.placement, bits=loaded.bits, allow_remote_code=allowed)
    same = replace(source, revision=loaded.source.revision)
    return load_base(same, loaded.placement, allow_remote_code=allowed)


def checked_architecture(source: StoredModel, allow_remote_code: tuple[str, ...] = ()) -> Architecture:
    """The architecture of `source` as its `config.json` has it, if it may be loaded.

    Raises EngineError where a program of its own would have to run that isn't allowed, or of which nobody
    knows which commit it is.
    """
    architecture = architecture_of(_config(source.path))
    if not architecture.needs_remote_code:
        return architecture
    if architecture.name not in allow_remote_code:
        native = next(name for name, one in ARCHITECTURES.items() if not one.needs_remote_code)
        raise EngineError(
            f"{architecture.name} runs a program that comes with its weights, and that isn't allowed",
            where=source.path,
            hint=f'use {native}; or read it and set [vlm] allow_remote_code = ["{architecture.name}"]',
        )
    if not _COMMIT.fullmatch(source.revision):
        raise EngineError(
            f"nobody knows which commit these weights of {architecture.name} are, nor what they run",
            where=source.path,
            hint=f"recto models pull {architecture.name} --revision COMMIT, the 40 digits that you read",
        )
    return architecture


def load_inputs(
    source: StoredModel, architecture: Architecture
) -> tuple[transformers.PreTrainedTokenizerBase, ToPixels]:
    """Tokenizer and image processor alone, which is quick: for counting tokens without a model."""
    try:
        if architecture.needs_remote_code:
            # All of it is in tokenizer.json: this needs no program, even where the model has one.
            tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(
                source.path, local_files_only=True
            )
            return tokenizer, version_one_pixels
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.path, local_files_only=True)
        if not architecture.sees:
            return tokenizer, sees_nothing
        # By name: AutoImageProcessor wants torchvision, whose pixels differ from those of PIL.
        kind = getattr(transformers, architecture.image_processor)
        return tokenizer, native_pixels(kind.from_pretrained(source.path, local_files_only=True))
    except (OSError, ValueError, ImportError) as error:
        raise ModelFolderError(
            f"tokenizer or image processor can't be loaded: {_first_line(error)}",
            where=source.path,
            hint=f"recto models verify {source.name}",
        ) from error


def sees_nothing(page: PillowImage.Image, options: Options) -> Mapping[str, torch.Tensor]:
    """The pixels of a model without eyes. Raises EngineError."""
    raise EngineError("this language model reads text only, no pages", hint="recto models list")


def native_pixels(processor: Callable[..., Mapping[str, torch.Tensor]]) -> ToPixels:
    """An image processor of transformers, for one page."""

    def to_pixels(page: PillowImage.Image, options: Options) -> Mapping[str, torch.Tensor]:
        return dict(processor(images=page, return_tensors="pt", **options))

    return to_pixels


def _kind_of(architecture: Architecture) -> type[transformers.AutoModel]:
    """The class of transformers that loads it; version 1 registers itself as a plain AutoModel."""
    whole = (
        transformers.AutoModelForImageTextToText if architecture.sees else transformers.AutoModelForCausalLM
    )
    kind: type[transformers.AutoModel] = transformers.AutoModel if architecture.needs_remote_code else whole
    return kind


def _fitted(placement: Placement, architecture: Architecture) -> Placement:
    """Version 1 of DeepSeek-OCR knows no sdpa: it computes eagerly where there is no flash attention."""
    if placement.attention != "sdpa" or not architecture.needs_remote_code:
        return placement
    why = f"attention eager: {architecture.name} has no sdpa"
    return replace(placement, attention="eager", why=(*placement.why, why))


def _attention_of(architecture: Architecture, attention: str) -> str | dict[str, str]:
    """Flash attention for the parts that have it, sdpa for the others."""
    if attention != "flash_attention_2" or "" in architecture.flash_parts:
        return attention
    return {"": "sdpa", **dict.fromkeys(architecture.flash_parts, attention)}


def _quantisation(
    architecture: Architecture, bits: int, placement: Placement
) -> transformers.BitsAndBytesConfig:
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            f"weights in {bits} bits need the package bitsandbytes", hint="pip install bitsandbytes"
        ) from error
    kept = [*architecture.layers.vision, architecture.layers.head]
    if bits == 8:
        return transformers.BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=kept)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=placement.dtype,
        llm_int8_skip_modules=kept,
    )


def _config(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFolderError(
            f"config.json can't be read: {error}", where=folder, hint="recto models list shows what is there"
        ) from error
    if not isinstance(found, dict):
        raise ModelFolderError("config.json holds no table", where=folder)
    return found


def _unloadable(source: StoredModel, architecture: Architecture, what: str) -> ModelFolderError:
    hint = f"recto models verify {source.name}"
    if architecture.needs_remote_code:
        hint = (
            f"is its program made for another transformers than {transformers.__version__}? "
            "Use deepseek-ocr-2, or serve it with vLLM and read with --engine remote"
        )
    return ModelFolderError(
        f"the weights can't be loaded as {architecture.name}: {what}", where=source.path, hint=hint
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
