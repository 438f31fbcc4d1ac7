"""The model folder: `model.json` plus weights, exactly what a Run writes as its best and an engine opens.

`model.json` names every file with its SHA-256, so that a folder that was cut short, edited by hand or put
together from two runs is refused. Written whole or not at all. How weights compute is not known here.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from recto import __version__
from recto.documents.replacing import sync_folder
from recto.errors import ModelFolderError, OutputError

CARD = "model.json"
RECOGNISER = "recogniser.onnx"
SCHEMA_VERSION: Literal[1] = 1
_AGAIN = "run `recto improve` again, or use another model folder"


class FileStamp(BaseModel):
    """One file of the folder: its SHA-256 and its size in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sha256: str
    bytes: int


class BaseWeights(BaseModel):
    """The weights that training started from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    sha256: str


class ModelCard(BaseModel):
    """`model.json`: what the folder holds and where it comes from.

    `characters` are the classes that the recogniser can write, without the CTC blank, in class order.
    `near_space` is how far (in logits, ≤ 0) a space may lie below the best class and still be read; None
    means as with base weights, which are shy of spaces. `small_marks` says that the model was taught on,
    and reads, marks that the line detector overlooks. `data_fingerprint` names the training and
    validation documents by content; `metrics` are the figures of the best epoch on validation lines.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_version: Literal[1] = SCHEMA_VERSION
    engine: str
    base: BaseWeights
    files: dict[str, FileStamp] = {}
    characters: str
    recipe: dict[str, JsonValue] = {}
    near_space: float | None = None
    small_marks: bool = False
    data_fingerprint: str = ""
    metrics: dict[str, JsonValue] = {}
    recto_version: str = __version__


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """An opened and verified model folder."""

    path: Path
    card: ModelCard

    @property
    def characters(self) -> str:
        """The classes that the recogniser can write, in class order, without the CTC blank."""
        return self.card.characters

    @property
    def label(self) -> str:
        """Base name and the first digits of the weights' hash: `PP-OCRv6-small tuned 1f0c9a2b`."""
        stamp = self.card.files[RECOGNISER].sha256 if RECOGNISER in self.card.files else "none"
        if stamp == self.card.base.sha256:
            return f"{self.card.base.name} unchanged"
        return f"{self.card.base.name} tuned {stamp[:8]}"

    def file(self, name: str) -> Path:
        """The path of one verified file. Raises ModelFolderError when the folder has no such file."""
        if name not in self.card.files:
            raise ModelFolderError(f"the model folder has no {name}", where=self.path, hint=_AGAIN)
        return self.path / name


def open_model(path: Path, *, engine: str | None = "ppocr") -> ModelFolder:
    """Open the model folder `path` for `engine` (None: for any), with every file's hash verified.

    Raises ModelFolderError, which names folder and file, when something is missing, changed, or made for
    another engine or by a later recto.
    """
    card = _read_card(path)
    if engine is not None and card.engine != engine:
        raise ModelFolderError(
            f"made for engine {card.engine!r}, not {engine!r}",
            where=path,
            hint=f"use it with --engine {card.engine}",
        )
    for name, stamp in card.files.items():
        _verify(path, name, stamp)
    return ModelFolder(path, card)


def write_model(path: Path, card: ModelCard, files: Mapping[str, bytes]) -> ModelFolder:
    """Write `files` and their `card` as the folder `path`, replacing one that is there.

    Everything is built in a hidden folder beside it, synced to disk, and renamed, so that a kill leaves
    the old folder, the new one, or none, but never a part. Raises OutputError.
    """
    stamps = {name: FileStamp(sha256=_sha256(data), bytes=len(data)) for name, data in files.items()}
    card = card.model_copy(update={"files": stamps})
    text = json.dumps(card.model_dump(), ensure_ascii=False, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent))
        try:
            for name, data in {**files, CARD: text.encode()}.items():
                _write_synced(part / name, data)
            part.chmod(0o755)
            _swap_in(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"the model folder can't be written: {error.strerror or error}",
            where=path,
            hint="check free space and permissions; nothing half-written was left",
        ) from error
    return ModelFolder(path, card)


def _read_card(path: Path) -> ModelCard:
    file = path / CARD
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        what = f"no {CARD} here" if path.is_dir() else "no such folder"
        hint = "a model folder is what `recto improve` writes as OUT/model"
        raise ModelFolderError(what, where=path, hint=hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFolderError(f"{CARD} can't be read: {error}", where=path, hint=_AGAIN) from error
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelFolderError(f"{CARD} is no JSON: {error}", where=path, hint=_AGAIN) from error
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        hint = "update recto"
        raise ModelFolderError(f"written by a later recto (schema {version})", where=path, hint=hint)
    try:
        return ModelCard.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"{CARD} is not a model card: {place}: {first['msg']}"
        raise ModelFolderError(what, where=path, hint=_AGAIN) from error


def _verify(path: Path, name: str, stamp: FileStamp) -> None:
    if Path(name).name != name or name in {"", ".", ".."}:
        raise ModelFolderError(f"{CARD} names a file outside the folder: {name!r}", where=path, hint=_AGAIN)
    file = path / name
    if not file.is_file():
        raise ModelFolderError(f"{name} is missing", where=path, hint=_AGAIN)
    try:
        with file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelFolderError(f"{name} can't be read: {error.strerror}", where=path, hint=_AGAIN) from error
    if found != stamp.sha256:
        what = f"{name} was changed after it was written (SHA-256 {found[:12]}…, not {stamp.sha256[:12]}…)"
        raise ModelFolderError(what, where=path, hint=_AGAIN)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_synced(file: Path, data: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _swap_in(part: Path, path: Path) -> None:
    sync_folder(part)
    if not path.exists():
        part.rename(path)
    else:
        aside = part.with_suffix(".old")
        path.rename(aside)
        try:
            part.rename(path)
        except OSError:
            aside.rename(path)
            raise
        shutil.rmtree(aside, ignore_errors=True)
    sync_folder(path.parent)
