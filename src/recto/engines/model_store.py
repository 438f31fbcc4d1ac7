"""The store of base weights on this machine: what is there, found by name, and whether it is whole.

STORE/NAME/stored.json   where they come from, and every file with its SHA-256 and size
STORE/NAME/weights/      the files as transformers saved them

The store is $RECTO_MODELS, else `recto/models` in the user's cache folder. How weights get here is in
`engines/model_keeping` and `engines/model_hub`; nothing is loaded here.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from recto.engines.known_models import KNOWN
from recto.engines.model_folder import FileStamp
from recto.engines.weight_files import (
    check_names,
    check_shards,
    digest,
    kept_files,
    read_again,
    read_config,
    stamp_of,
)
from recto.errors import ModelFolderError, ModelNotFound

STORE_VARIABLE = "RECTO_MODELS"
RECORD = "stored.json"
WEIGHTS_FOLDER = "weights"
TINY = "deepseek-ocr-2-tiny"
TINY_TEXT = "qwen3-tiny"
"""The names of the tiny random models that `recto models tiny` builds."""


class StoredRecord(BaseModel):
    """`stored.json`: what is kept of weights beside the files themselves.

    `source` is where they come from, in words. `folder` is set where they stay in another place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    repo: str = ""
    revision: str = ""
    architecture: str
    licence: str = ""
    folder: str = ""
    files: dict[str, FileStamp]


@dataclass(frozen=True, slots=True)
class StoredModel:
    """Base weights on this machine.

    `path` is the folder of the files. `repo` and `revision` (40 hex digits of a commit of the Hub) are "" for
    weights that came from a folder. `sha256` is one digest over all names and files: what a model folder
    names as its base. `licence` is "" where nobody said.
    """

    name: str
    path: Path
    repo: str
    revision: str
    architecture: str
    sha256: str
    licence: str = ""
    source: str = ""
    bytes: int = 0


def store_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where base weights are kept on this machine; the folder needn't exist."""
    if said := environment.get(STORE_VARIABLE):
        return Path(said).expanduser()
    if sys.platform == "win32":
        cache = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "recto" / "models"


def find_model(name_or_path: str, *, verify: bool = False) -> StoredModel:
    """The weights of this name (or repository) in the store, or those in the folder of this path.

    That every file is there with its size is always looked at; `verify` reads and hashes each. Raises
    ModelNotFound with the command that gets them, ModelFolderError where they aren't whole.
    """
    folder = _stored(name_or_path)
    if folder is not None:
        record = read_record(folder)
        _check(weights_folder(folder, record), record, verify=verify, name=folder.name)
        return _model(folder, record)
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return _of_folder(path.resolve())
    raise _not_found(name_or_path)


def models() -> tuple[StoredModel, ...]:
    """All weights in the store, by name, without a look at their files. Raises ModelFolderError."""
    return tuple(_model(folder, read_record(folder)) for folder in _folders())


def damage(model: StoredModel) -> tuple[str, ...]:
    """What isn't as it was kept: each file that is missing or changed, in words. Every byte is read."""
    folder = store_folder() / model.name
    record = read_record(folder)
    found = (
        _wrong(weights_folder(folder, record), name, stamp, verify=True)
        for name, stamp in record.files.items()
    )
    return tuple(wrong for wrong in found if wrong)


def read_record(folder: Path) -> StoredRecord:
    """The record of the stored model in `folder`. Raises ModelFolderError."""
    try:
        return StoredRecord.model_validate(json.loads((folder / RECORD).read_text("utf-8")))
    except (OSError, ValueError) as error:
        said = f"{error.error_count()} mistakes" if isinstance(error, ValidationError) else str(error)
        raise ModelFolderError(
            f"{RECORD} can't be read: {said}",
            where=folder,
            hint=f"recto models remove {folder.name}, and get it again",
        ) from None


def weights_folder(folder: Path, record: StoredRecord) -> Path:
    """Where the files of the stored model in `folder` are."""
    return Path(record.folder) if record.folder else folder / WEIGHTS_FOLDER


def architecture_name(weights: Path) -> str:
    """The architecture that `config.json` in `weights` says. Raises EngineError for one that isn't known."""
    from recto.engines.vlm.architectures import architecture_of

    return architecture_of(read_config(weights)).name


def is_name(name: str) -> bool:
    """Whether weights can be stored under this name: one plain folder name."""
    return bool(name) and Path(name).name == name and not name.startswith(".") and "\\" not in name


def is_stored(name: str) -> bool:
    """Whether something is stored under this name, whole or not."""
    return is_name(name) and (store_folder() / name).is_dir()


def _folders() -> list[Path]:
    """The folders of stored models."""
    return sorted(record.parent for record in store_folder().glob(f"*/{RECORD}"))


def _stored(name: str) -> Path | None:
    """The folder of the model stored as `name`, or that came from the repository `name`."""
    if is_name(name):
        return store_folder() / name if is_stored(name) else None
    return next((folder for folder in _folders() if read_record(folder).repo == name), None)


def _model(folder: Path, record: StoredRecord) -> StoredModel:
    return StoredModel(
        name=folder.name,
        path=weights_folder(folder, record),
        repo=record.repo,
        revision=record.revision,
        architecture=record.architecture,
        sha256=digest(record.files),
        licence=record.licence,
        source=record.source,
        bytes=sum(stamp.bytes for stamp in record.files.values()),
    )


def _of_folder(path: Path) -> StoredModel:
    """Weights that lie in a folder of the user's own."""
    names = kept_files(path, code=True)
    check_names((file.name for file in path.iterdir()), where=path)
    check_shards(path, names, again="copy the folder again, whole")
    stamps = {name: stamp_of(path / name) for name in names}
    return StoredModel(
        name=path.name,
        path=path,
        repo="",
        revision="",
        architecture=architecture_name(path),
        sha256=digest(stamps),
        source=str(path),
        bytes=sum(stamp.bytes for stamp in stamps.values()),
    )


def _check(path: Path, record: StoredRecord, *, verify: bool, name: str) -> None:
    for file, stamp in record.files.items():
        wrong = _wrong(path, file, stamp, verify=verify)
        if wrong:
            hint = f"recto models verify {name} names all of it; recto models remove {name}, and get it again"
            raise ModelFolderError(wrong, where=path, hint=hint)


def _wrong(path: Path, name: str, stamp: FileStamp, *, verify: bool) -> str:
    """What is wrong with a file, in words; "" where nothing is."""
    file = path / name
    try:
        size = file.stat().st_size
        if size != stamp.bytes:
            return f"{name} has {size:,} bytes, not {stamp.bytes:,}"
        if verify and read_again(file) != stamp.sha256:
            return f"{name} was changed after it was stored (its SHA-256 is another)"
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} can't be read: {error.strerror}"
    return ""


def _not_found(name: str) -> ModelNotFound:
    if name in (TINY, TINY_TEXT):
        hint = f"recto models tiny{' --architecture text' if name == TINY_TEXT else ''} builds it"
    elif name in KNOWN or name.count("/") == 1:
        hint = f"recto models pull {name}"
    else:
        here = ", ".join(folder.name for folder in _folders()) or "none"
        hint = f"recto models pull gets: {', '.join(KNOWN)}; here already: {here}"
    return ModelNotFound(f"the weights {name!r} aren't on this machine", where=store_folder(), hint=hint)
