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

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError, model_validator

from recto import __version__
from recto.documents.replacing import sync_folder
from recto.errors import ModelFolderError, OutputError

CARD = "model.json"
RECOGNISER = "recogniser.onnx"
SCHEMA_VERSION: Literal[1] = 1
_AGAIN = "run `recto improve` again, or use another model folder"


_NO_READERS = frozenset({"tagger", "text"})
"""Engines whose model folders find fields, and read no pages."""


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


class VlmCard(BaseModel):
    """What only a language model has: how it was taught to see and what to answer.

    `kind` is `adapter` (LoRA weights for the base that the card names) or `full` (weights that need no base).
    `mode` and `task` are those that it was taught with, and reads with; `dtype` is the numbers that it
    computed in, `bits` what each weight of its base took (8 or 4: it was taught on a quantised one, and
    reads with that). A model of text (engine `text`) has no mode. `repo` and `revision` say where the base
    came from ("" for a local folder).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    architecture: str
    mode: str
    task: str
    kind: Literal["adapter", "full"]
    dtype: str
    bits: Literal[16, 8, 4] = 16
    repo: str = ""
    revision: str = ""


class ModelCard(BaseModel):
    """`model.json`: what the folder holds and where it comes from.

    `characters` are the classes that a recogniser can write, without the CTC blank, in class order; "" for
    engines that have no classes. `vlm` is there for vision-language models.
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
    characters: str = ""
    vlm: VlmCard | None = None
    recipe: dict[str, JsonValue] = {}
    near_space: float | None = None
    small_marks: bool = False
    data_fingerprint: str = ""
    metrics: dict[str, JsonValue] = {}
    recto_version: str = __version__

    @model_validator(mode="after")
    def _can_write(self) -> "ModelCard":
        if self.engine not in _NO_READERS and not self.characters and self.vlm is None:
            raise ValueError("it says neither which characters the model can write, nor that it is a vlm")
        return self


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
        stamp = _weights_sha256(self.card.files)
        if stamp == self.card.base.sha256:
            return f"{self.card.base.name} unchanged"
        return f"{self.card.base.name} tuned {stamp[:8]}"

    def file(self, name: str) -> Path:
        """The path of one verified file. Raises ModelFolderError when the folder has no such file."""
        if name not in self.card.files:
            raise ModelFolderError(f"the model folder has no {name}", where=self.path, hint=_AGAIN)
        return self.path / name


def engine_of(path: Path) -> str:
    """The engine that the model folder `path` is made for, by its card alone. Raises ModelFolderError."""
    return _read_card(path).engine


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


def model_file(path: Path, name: str, *, engine: str) -> Path:
    """One file of a model folder for `engine`, verified; the others, large as they may be, aren't looked at.

    Raises ModelFolderError as `open_model` does, and where the folder has no such file.
    """
    card = _read_card(path)
    if card.engine != engine or name not in card.files:
        raise ModelFolderError(
            f"it has no {name} of engine {engine!r}", where=path, hint="train it again, with this recto"
        )
    _verify(path, name, card.files[name])
    return path / name


def write_model(path: Path, card: ModelCard, files: Mapping[str, bytes | Path]) -> ModelFolder:
    """Write `files` and their `card` as the folder `path`, replacing one that is there.

    Files given as paths are copied, never read into memory whole; they stay where they are. Everything is
    built in a hidden folder beside `path`, synced to disk, and renamed, so that a kill leaves the old folder,
    the new one, or none, but never a part. Raises OutputError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{path.name}-", suffix=".part", dir=path.parent))
        try:
            stamps = {name: _write_synced(part / name, data) for name, data in files.items()}
            card = card.model_copy(update={"files": stamps})
            _write_synced(part / CARD, _card_text(card).encode())
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


def _weights_sha256(files: Mapping[str, FileStamp]) -> str:
    """The hash of the recogniser, or one over all safetensors; that of nothing where there are no weights."""
    if RECOGNISER in files:
        return files[RECOGNISER].sha256
    tensors = sorted((name, stamp.sha256) for name, stamp in files.items() if name.endswith(".safetensors"))
    return hashlib.sha256(json.dumps(tensors).encode()).hexdigest()


def _card_text(card: ModelCard) -> str:
    """What isn't said (`vlm` of other engines) isn't written, so that such a folder is what it always was."""
    told = card.model_dump()
    if card.vlm is None:
        del told["vlm"]
    return json.dumps(told, ensure_ascii=False, indent=1)


def _write_synced(file: Path, content: bytes | Path) -> FileStamp:
    """Write or copy one file to disk, and say what stands there now."""
    if isinstance(content, Path):
        shutil.copyfile(content, file)
    else:
        file.write_bytes(content)
    with file.open("rb+") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        os.fsync(stream.fileno())
    return FileStamp(sha256=digest, bytes=file.stat().st_size)


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
