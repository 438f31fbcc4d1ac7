"""Kept lines: prepared lines on disk, so that a training that was killed needn't find and compute them again.

A folder of plain arrays and one JSON file, written last, that says what they are, what they belong to, and
their SHA-256. Nothing in it is run when it is read.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recto.documents.replacing import replace_file, replaced
from recto.errors import OutputError
from recto.training.ctc.features import Bucket, LabelledLines
from recto.training.ctc.prepare import Part, Prepared

_INDEX = "lines.json"
_KINDS: dict[str, Callable[..., object]] = {
    kind.__name__: kind for kind in (Prepared, Part, LabelledLines, Bucket)
}
_SPARE_MB = 300.0
"""Left free for checkpoints, the model and the reports."""


def free_space_mb(folder: Path) -> float:
    """What may still be written there."""
    return shutil.disk_usage(folder).free / 1e6


def keep_lines(
    folder: Path, key: str, prepared: Prepared, free_mb: Callable[[Path], float] = free_space_mb
) -> str:
    """Keep `prepared` in `folder`; "" or, where it can't be kept, why not (the training goes on without)."""
    wanted_mb = prepared.features_mb + _SPARE_MB
    shutil.rmtree(folder, ignore_errors=True)
    try:
        if (free := free_mb(folder.parent)) < wanted_mb:
            return f"{wanted_mb:.0f} MB of disk are wanted, {free:.0f} are free"
        writer = _Writer(folder)
        tree = writer.encoded(prepared)
        index = {"key": key, "sha256": writer.digests, "lines": tree}
        replace_file(folder / _INDEX, json.dumps(index, ensure_ascii=False).encode())
    except (OSError, OutputError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return str(error).partition("\n")[0]
    return ""


def kept_lines(folder: Path, key: str) -> Prepared | None:
    """What was kept under this `key`; None where there is nothing, something else, or it isn't whole."""
    path = folder / _INDEX
    if not path.is_file():
        return None
    try:
        index = json.loads(path.read_bytes())
        whole = index["key"] == key and all(
            _digest(folder / name) == digest for name, digest in index["sha256"].items()
        )
    except (OSError, ValueError, KeyError):
        return None
    found = _decoded(index["lines"], folder) if whole else None
    return found if isinstance(found, Prepared) else None


class _Writer:
    """Turns Prepared into JSON, and its arrays into files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.digests: dict[str, str] = {}

    def encoded(self, value: object) -> object:
        """JSON of `value`: a table with one entry says what else it is."""
        if isinstance(value, Tensor):
            return {"tensor": self._written(value.numpy())}
        if isinstance(value, np.ndarray):
            return {"array": self._written(value)}
        if is_dataclass(value):
            return {
                type(value).__name__: {f.name: self.encoded(getattr(value, f.name)) for f in fields(value)}
            }
        if isinstance(value, tuple):
            return [self.encoded(item) for item in value]
        if isinstance(value, dict):
            return {"dict": value}
        return value

    def _written(self, array: np.ndarray) -> str:
        name = f"{len(self.digests):05d}.npy"
        with replaced(self._folder / name) as stream:
            np.save(stream, array, allow_pickle=False)
        self.digests[name] = _digest(self._folder / name)
        return name


def _decoded(value: object, folder: Path) -> object:
    if isinstance(value, list):
        return tuple(_decoded(item, folder) for item in value)
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    if kind == "dict":
        return inside
    if kind in ("tensor", "array"):
        array = np.load(folder / inside, mmap_mode="c", allow_pickle=False)
        return torch.from_numpy(array) if kind == "tensor" else np.asarray(array)
    return _KINDS[kind](**{name: _decoded(item, folder) for name, item in inside.items()})


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
