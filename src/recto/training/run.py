"""Run: the folder of one training: recipe, environment, log, best checkpoint, metrics, model.

It writes files and knows nothing of learning. Each file is written in one step, the log line by line.
"""

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from recto import __version__
from recto.errors import OutputError
from recto.evaluation.machine import describe_machine
from recto.training.progress import Epoch
from recto.training.recipe import Recipe

RECIPE = "recipe.yaml"
_FILES = (RECIPE, "environment.json", "log.jsonl", "best.npz", "metrics.json", "report.json", "report.html")
MODEL = "model"


@dataclass(frozen=True, slots=True)
class Run:
    """An open run folder."""

    folder: Path

    @property
    def model(self) -> Path:
        """Where the model folder goes."""
        return self.folder / MODEL

    def log(self, event: str, **values: object) -> None:
        """Append one line of JSON: what happened, when, and its values."""
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values}
        line = json.dumps(row, ensure_ascii=False) + "\n"
        with _Written(self.folder / "log.jsonl") as path, path.open("a", encoding="utf-8") as stream:
            stream.write(line)

    def log_epoch(self, epoch: Epoch) -> None:
        """One line for an epoch."""
        self.log("epoch", **asdict(epoch))

    def checkpoint(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Keep the weights of the best epoch so far as best.npz."""
        buffer = io.BytesIO()
        np.savez(buffer, **dict(state))  # type: ignore[arg-type]
        self.write("best.npz", buffer.getvalue())

    def write(self, name: str, data: bytes) -> None:
        """Write one file in one step. Raises OutputError."""
        with _Written(self.folder / name) as path:
            part = path.with_name(f".{name}.part")
            try:
                part.write_bytes(data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

    def write_json(self, name: str, value: object) -> None:
        """Write one JSON file in one step."""
        self.write(name, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


class _Written:
    """Turns the operating system's errors while writing `path` into ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise OutputError(
                f"can't be written: {error.strerror or error}",
                where=self._path,
                hint="check free space and permissions; what was finished before is whole",
            ) from error


def start_run(folder: Path, recipe: Recipe, *, overwrite: bool) -> Run:
    """A fresh run folder. A folder with anything in it is refused, an earlier Run only with `overwrite`.

    Raises OutputError.
    """
    with _Written(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError("is a file, not a folder", where=folder, hint="choose another --out")
        if folder.is_dir() and any(folder.iterdir()):
            _clear(folder, overwrite=overwrite)
        folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder)
    run.write(RECIPE, yaml.safe_dump(recipe.model_dump(), sort_keys=False).encode())
    run.write_json(
        "environment.json", {"recto_version": __version__, "machine": describe_machine().model_dump()}
    )
    run.log("start")
    return run


def _clear(folder: Path, *, overwrite: bool) -> None:
    """Remove what an earlier Run wrote there, and nothing else."""
    if not overwrite:
        hint = "choose another --out, or pass --overwrite to replace an earlier run"
        raise OutputError("the folder is not empty", where=folder, hint=hint)
    if not (folder / RECIPE).is_file():
        hint = "--overwrite replaces folders that `recto improve` wrote, no others; choose another --out"
        raise OutputError("the folder holds something else than a run", where=folder, hint=hint)
    shutil.rmtree(folder / MODEL, ignore_errors=True)
    for name in _FILES:
        (folder / name).unlink(missing_ok=True)
