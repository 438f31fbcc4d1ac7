"""Export: what was learnt as a model folder, the one that engines open, verified by reading with it.

An adapter names its base by content; where all weights learnt, the folder holds them all, with tokenizer and
configuration, and needs no base. Trained, written and merged forms have to compute the same (`parity`), or
there is no model.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import peft

from recto.engines.model_folder import BaseWeights, ModelCard, ModelFolder, VlmCard, write_model
from recto.engines.model_store import find_model
from recto.engines.vlm.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, SharedWeights, fill
from recto.engines.vlm.loading import Loaded, load_again
from recto.training.lora.parity import SAME, Answers, check_parity, merging_limits
from recto.training.lora.peft_backend import keep_packing
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import LoraRecipe, VlmRecipe

_MERGING = "merging"
_FULL_FILES = (".safetensors", ".json", ".jinja", ".txt", ".model", ".py")


@dataclass(frozen=True, slots=True)
class Told:
    """What the card of the model says beside its weights."""

    fingerprint: str
    metrics: dict[str, float]


def write(pupil: Pupil, recipe: VlmRecipe, told: Told, folder: Path) -> ModelFolder:
    """Write what learns to read as the model folder `folder`. Raises OutputError."""
    mode = pupil.loaded.architecture.mode(recipe.mode).name
    return write_taught(pupil, card_of(pupil, recipe, told, (mode, recipe.task.value)), folder)


def write_taught(
    pupil: Pupil, card: ModelCard, folder: Path, beside: Mapping[str, bytes] | None = None
) -> ModelFolder:
    """Write what learns, with its `card` and the files `beside`, as `folder`. Raises OutputError."""
    with _beside(folder) as saved:
        if pupil.adapters is not None:
            pupil.adapters.save_pretrained(str(saved), save_embedding_layers=False)
            files: dict[str, bytes | Path] = {
                name: saved / name for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS)
            }
        else:
            copy_all_but_weights(pupil.loaded.source.path, saved)
            pupil.loaded.model.save_pretrained(saved)
            files = {path.name: path for path in sorted(saved.iterdir()) if path.suffix in _FULL_FILES}
        return write_model(folder, card, {**files, **(beside or {})})


def check_written(
    folder: ModelFolder, source: Loaded, wanted: Answers, *, same_kernels: bool = True
) -> float:
    """Read the model folder again, merge it, and compare both with what the trained model answered.

    `source` says which base, where and with how many bits; it is loaded anew. Without `same_kernels`, the
    trained model rounded otherwise, and may differ as far as merging does. Raises ParityError.
    """
    if folder.card.vlm is None or folder.card.vlm.kind == "full":
        again = load_again(source, find_model(str(folder.path)))
        limits = SAME if same_kernels else merging_limits(load_again(source), wanted)
        return check_parity(again, wanted, "the written model", limits)
    base = SharedWeights(keep_packing(load_again(source)))
    adapter = base.attach(folder)
    with base.using() as loaded:
        limits = merging_limits(loaded, wanted)
    with base.using(adapter) as loaded:
        worst = check_parity(loaded, wanted, "the written adapter", SAME if same_kernels else limits)
    del base, adapter, loaded
    whole = merged(folder, load_again(source))
    return max(worst, check_parity(whole, wanted, "the merged model", limits))


def merged(folder: ModelFolder, source: Loaded) -> Loaded:
    """`source`, changed: the adapter in `folder` is added to its weights, and none is left.

    Weights of 8 or 4 bits become plain ones first, with the values that the adapter was taught on, not those
    of the base before it was quantised.
    """
    if source.bits < 16:
        keep_packing(source).model.dequantize(dtype=source.placement.dtype)
    config = peft.PeftConfig.from_pretrained(str(folder.path))
    adapted = peft.PeftModel(source.model, config, adapter_name=_MERGING)
    fill(adapted, _MERGING, folder.file(ADAPTER_WEIGHTS))
    adapted.merge_and_unload(safe_merge=True, adapter_names=[_MERGING])
    return source


def card_of(
    pupil: Pupil, recipe: LoraRecipe, told: Told, how: tuple[str, str], engine: str = "vlm"
) -> ModelCard:
    """The card of what was taught: `how` are mode and task."""
    source = pupil.loaded.source
    return ModelCard(
        engine=engine,
        base=BaseWeights(name=source.name, sha256=source.sha256),
        vlm=VlmCard(
            architecture=pupil.loaded.architecture.name,
            mode=how[0],
            task=how[1],
            kind="full" if pupil.adapters is None else "adapter",
            dtype=pupil.loaded.placement.dtype_name,
            bits=_bits(pupil),
            repo=source.repo,
            revision=source.revision,
        ),
        recipe=recipe.model_dump(mode="json"),
        data_fingerprint=told.fingerprint,
        metrics=dict(told.metrics),
    )


def _bits(pupil: Pupil) -> Literal[16, 8, 4]:
    match pupil.loaded.bits:
        case 4:
            return 4
        case 8:
            return 8
    return 16


def copy_all_but_weights(source: Path, out: Path) -> None:
    """Configuration, tokenizer, image processor and program are the base's, byte for byte."""
    for path in sorted(source.iterdir()):
        if path.suffix in _FULL_FILES and path.suffix != ".safetensors" and "safetensors" not in path.name:
            shutil.copyfile(path, out / path.name)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder on the same disk for what is saved before it is whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-saved-", suffix=".part", dir=folder.parent))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
