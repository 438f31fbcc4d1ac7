"""Opening: from a model folder and settings to a base in memory, an adapter on it, and how to read.

Reading itself is in `engines/vlm/reader`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from recto.engines.model_folder import ModelCard, ModelFolder, VlmCard, open_model
from recto.engines.model_store import StoredModel, find_model, models
from recto.engines.vlm.adapters import Adapter, SharedWeights, shared_base
from recto.engines.vlm.architectures import is_text_only
from recto.engines.vlm.device import choose
from recto.engines.vlm.tasks import Task, task_named
from recto.engines.weight_files import read_config
from recto.errors import EngineError, ModelFolderError, ModelNotFound
from recto.settings import Computing, VlmSettings


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """What reads: `base` with `adapter` (None: as it is), in the mode called `mode`, doing `task`.

    `label` is name and version, as Transcripts carry it.
    """

    base: SharedWeights
    adapter: Adapter | None
    mode: str
    task: Task
    label: str


def open_for_reading(model: Path | None, settings: VlmSettings) -> Opened:
    """The weights in the model folder `model`, or those that the settings name, ready to read.

    Mode and task that a model was taught with count before those of the settings. Bits that the settings
    name count before those that it was taught on; its label says so where they differ. Raises ModelNotFound,
    ModelFolderError, EngineError or MissingPackage.
    """
    if model is None:
        source = find_model(settings.model)
        check_sees(source)
        how = _How(settings.mode, settings.task, bits_for(settings), source.name)
        return _opened(source, None, how, settings)
    folder = open_model(model, engine="vlm")
    card = vlm_card(folder)
    bits = bits_for(settings, card)
    other = f" on {bits} bits" if bits != card.bits else ""
    how = _How(card.mode, card.task, bits, f"{folder.label}{other}")
    if card.kind == "full":
        return _opened(full_weights(folder, settings.model), None, how, settings)
    return _opened(base_of(folder.card, settings.model), folder, how, settings)


def bits_for(settings: Computing, card: VlmCard | None = None) -> int:
    """The bits of each weight to compute with: those of the settings, else what a model was taught on."""
    taught = card.bits if card else 16
    return taught if settings.bits == "auto" else settings.bits


def base_of(card: ModelCard, otherwise: str) -> StoredModel:
    """The base weights that `card` names: those of its name, of its hash, or the ones called `otherwise`.

    Raises ModelNotFound with the command that gets them.
    """
    alike = (stored.name for stored in models() if stored.sha256 == card.base.sha256)
    for name in (card.base.name, *alike, otherwise):
        found = _here(name)
        if found is not None and found.sha256 == card.base.sha256:
            return found
    repo = card.vlm.repo if card.vlm else ""
    pull = f"recto models pull {repo} --revision {card.vlm.revision}" if repo and card.vlm else ""
    raise ModelNotFound(
        f"its base {card.base.name} ({card.base.sha256[:12]}…) isn't on this machine",
        hint=pull or "put its folder into [vlm] model, or in RECTO_VLM_MODEL ([text], RECTO_TEXT_MODEL)",
    )


def check_sees(source: StoredModel) -> None:
    """Raise EngineError for a language model of text only, which can't read pages."""
    if is_text_only(read_config(source.path)):
        raise EngineError(
            f"{source.name} ({source.architecture}) is a language model of text: it sees no pages",
            where=source.path,
            hint="recto extract --extractor text asks it; [vlm] model is one that sees",
        )


def vlm_card(folder: ModelFolder) -> VlmCard:
    """What only a vision-language model has. Raises ModelFolderError where the card is without."""
    if folder.card.vlm is None:
        raise ModelFolderError(
            "its card says nothing of a vlm", where=folder.path, hint="run `recto improve` again"
        )
    return folder.card.vlm


def full_weights(folder: ModelFolder, otherwise: str) -> StoredModel:
    """The weights of a model folder that needs no base, as weights like any other.

    A program in it counts as that of the base's commit only where the base is here and has the same one:
    a folder can say anything of itself. Raises ModelNotFound, ModelFolderError.
    """
    weights = find_model(str(folder.path))
    programs = {path.name: path.read_bytes() for path in folder.path.glob("*.py")}
    if not programs:
        return weights
    base = base_of(folder.card, otherwise)
    if programs != {path.name: path.read_bytes() for path in base.path.glob("*.py")}:
        what = f"its program isn't that of its base {base.name}"
        raise ModelFolderError(what, where=folder.path, hint="train it again, with that base")
    return replace(weights, revision=base.revision)


@dataclass(frozen=True, slots=True)
class _How:
    """Mode and task by name, bits of each weight, and what to call all that."""

    mode: str
    task: str
    bits: int
    label: str


def _opened(source: StoredModel, folder: ModelFolder | None, how: _How, settings: VlmSettings) -> Opened:
    allowed = settings.allow_remote_code
    placement = choose(settings)
    base = shared_base(source, placement, bits=how.bits, experts=settings.experts, allow_remote_code=allowed)
    mode, task = base.loaded.architecture.mode(how.mode).name, task_named(how.task)
    return Opened(base, base.attach(folder) if folder else None, mode, task, how.label)


def _here(name: str) -> StoredModel | None:
    try:
        return find_model(name)
    except ModelNotFound:
        return None
