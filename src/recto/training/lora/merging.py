"""Merging: an adapter added to its base, as plain weights that everything reads which reads the base.

vLLM loads adapters on language layers only, and other programs none at all: merged weights need nothing. They
are written only if they answer as base and adapter together do, before and after they were on disk.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.documents.page import Image
from recto.engines.model_folder import open_model
from recto.engines.model_store import find_model
from recto.engines.vlm.adapters import SharedWeights
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import load_again, load_base
from recto.engines.vlm.opening import base_of, vlm_card
from recto.engines.vlm.preparing import prepare
from recto.engines.vlm.tasks import prompt_of, task_named
from recto.errors import ModelFolderError, OutputError
from recto.settings import VlmSettings
from recto.training.lora.export import copy_all_but_weights, merged
from recto.training.lora.parity import TOKENS, answers_of, check_parity, merging_limits
from recto.training.lora.peft_backend import keep_packing


@dataclass(frozen=True, slots=True)
class Merged:
    """Where merged weights are, and the largest difference of a token's probability from base and adapter."""

    path: Path
    parity: float


def merge(model: Path, out: Path, pages: Sequence[Image], settings: VlmSettings) -> Merged:
    """Write the base of the model folder `model` with its adapter added as the weights folder `out`.

    `pages` are what adapter, merged and written weights are compared on. The base has the bits that the
    adapter was taught on; merged weights are plain ones. Raises ModelFolderError for a folder without an
    adapter, ModelNotFound for a base that isn't here, ParityError, OutputError (`out` is there).
    """
    folder = open_model(model, engine="vlm")
    card = vlm_card(folder)
    if card.kind != "adapter":
        raise ModelFolderError("holds no adapter: its weights are whole", where=model, hint="use it as it is")
    if out.exists():
        raise OutputError("is there already", where=out, hint="choose another folder")
    source, placement = base_of(folder.card, settings.model), choose(settings)
    allowed = settings.allow_remote_code
    loaded = load_base(source, placement, bits=card.bits, allow_remote_code=allowed)
    base = SharedWeights(keep_packing(loaded))
    adapter = base.attach(folder)
    with base.using(adapter):
        prompt = prompt_of(loaded.architecture, task_named(card.task))
        probes = [prepare(loaded, page, prompt, card.mode) for page in pages]
        wanted = answers_of(loaded, probes, min(TOKENS, settings.max_new_tokens))
    with base.using():
        limits = merging_limits(loaded, wanted)
    del adapter, base
    loaded = merged(folder, load_again(loaded))
    parity = check_parity(loaded, wanted, "the merged model", limits)
    as_merged = answers_of(loaded, probes, min(TOKENS, settings.max_new_tokens))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".part", dir=out.parent))
    try:
        copy_all_but_weights(source.path, part)
        loaded.model.save_pretrained(part)
        loaded.model = load_again(loaded, find_model(str(part))).model
        parity = max(parity, check_parity(loaded, as_merged, "the written model"))
        part.chmod(0o755)
        part.rename(out)
    except OSError as error:
        hint = "check free space and permissions; nothing half-written was left"
        what = f"the merged weights can't be written: {error.strerror or error}"
        raise OutputError(what, where=out, hint=hint) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Merged(out, parity)
