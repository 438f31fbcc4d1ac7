"""Run: the folder of one training: what it depends on, its log, checkpoints, results and model.

A Run can be gone on with after a kill at any moment: each file appears whole, what a folder belongs to is its
first file, and what is finished is read instead of done again. It knows nothing of learning.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import yaml

from recto.documents.replacing import PART, replace_file
from recto.errors import OutputError
from recto.evaluation.machine import describe_machine
from recto.training.identity import Identity, outdated, read_identity, refuse_another
from recto.training.progress import GOES_ON, Epoch
from recto.workspace.locks import held

Start = Literal["new", "overwrite", "resume"]
"""What to do with an earlier Run in the folder: refuse it, replace it, or go on with it."""

IDENTITY = "run.json"
RECIPE = "recipe.yaml"
LOG = "log.jsonl"
MODEL = "model"
_LOCK = "run.lock"
_FILES = (
    RECIPE, "environment.json", LOG, "before.json", "estimate.json", "spent.json", "training.json",
    "metrics.json", "report.json", "report.html",
)  # fmt: skip
_WHILE_TRAINING = ("checkpoints", "prepared")
_FOLDERS = (MODEL, *_WHILE_TRAINING, "tensorboard", "mlflow", "wandb")


@dataclass(frozen=True, slots=True)
class Run:
    """An open run folder; `resumed` says that an earlier process began it, `note` what is odd about it."""

    folder: Path
    resumed: bool = False
    note: str = ""

    @property
    def model(self) -> Path:
        """Where the model folder goes."""
        return self.folder / MODEL

    @property
    def checkpoints(self) -> Path:
        """Where the state of a training that isn't over is kept."""
        return self.folder / "checkpoints"

    @property
    def prepared(self) -> Path:
        """Where lines and features are kept while the training isn't over."""
        return self.folder / "prepared"

    def log(self, event: str, **values: object) -> None:
        """Append one line of JSON: what happened, when, and its values. Raises OutputError."""
        row = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values}
        path = self.folder / LOG
        try:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        except OSError as error:
            raise _unwritable(path, error) from error

    def log_epochs(self, epochs: tuple[Epoch, ...]) -> None:
        """Log those of `epochs` that the log hasn't: the last one before a kill may be missing."""
        rows = (json.loads(line) for line in self._log_lines())
        logged = {row.get("number") for row in rows if row.get("event") == "epoch"}
        for epoch in epochs:
            if epoch.number not in logged:
                self.log("epoch", **asdict(epoch))

    def write_json(self, name: str, value: object) -> None:
        """Write one JSON file, whole or not at all. Raises OutputError."""
        self.write_text(name, json.dumps(value, ensure_ascii=False, indent=1) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write one file, whole or not at all. Raises OutputError."""
        replace_file(self.folder / name, text.encode())

    def read(self, name: str) -> bytes | None:
        """What an earlier process of this Run wrote under `name`; None where it didn't come so far."""
        path = self.folder / name
        return path.read_bytes() if self.resumed and path.is_file() else None

    def sweep(self) -> None:
        """Remove what only a training that isn't over needs, and what a kill left behind."""
        sweep_folder(self.folder)

    def _log_lines(self) -> list[str]:
        path = self.folder / LOG
        return path.read_text("utf-8").splitlines() if path.is_file() else []


def sweep_folder(folder: Path) -> None:
    """Remove what only a training that isn't over needs, and what a kill left, from a run folder."""
    for name in _WHILE_TRAINING:
        shutil.rmtree(folder / name, ignore_errors=True)
    if folder.is_dir():
        _remove_parts(folder)


@contextmanager
def open_run(folder: Path, identity: Identity, start: Start) -> Iterator[Run]:
    """The run folder, locked while the block runs. "new" refuses a folder with anything in it.

    "overwrite" replaces an earlier Run; "resume" goes on with one of the same `identity`, and begins where
    there is none, or one of other code or beside another model (`Run.note` says so). Raises OutputError,
    TrainingError (another Run, with "resume"), WorkspaceBusy.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError("is a file, not a folder", where=folder, hint="choose another --out")
        _refuse_foreign(folder, start)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LOCK).touch()
    except OSError as error:
        raise _unwritable(folder, error) from error
    with held(folder / _LOCK, what="training"):
        yield _begin(folder, identity, start)


def _begin(folder: Path, identity: Identity, start: Start) -> Run:
    earlier = read_identity(folder / IDENTITY) if (folder / IDENTITY).is_file() else None
    why_anew = ""
    if earlier and start == "resume":
        refuse_another(earlier, identity, folder)
        why_anew = outdated(earlier, identity)
    if earlier and start == "resume" and not why_anew:
        _remove_parts(folder)
        _cut_torn_line(folder / LOG)
        run = Run(folder, resumed=True)
        run.log("resume")
    else:
        _clear(folder)
        replace_file(folder / IDENTITY, identity.model_dump_json(indent=1).encode())
        run = Run(folder, note=f"{why_anew}: it starts anew" if why_anew else "")
        run.log("start", note=run.note)
    replace_file(folder / RECIPE, yaml.safe_dump(identity.recipe, sort_keys=False).encode())
    machine = describe_machine().model_copy(update={"packages": identity.packages})
    run.write_json("environment.json", {"code": identity.code, "machine": machine.model_dump()})
    return run


def _refuse_foreign(folder: Path, start: Start) -> None:
    """Refuse a folder that holds something else than a Run, and an earlier Run when `start` is "new"."""
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    found -= {_LOCK, f"{_LOCK}.holder", IDENTITY + PART}  # what a Run leaves that was killed at once
    if not found:
        return
    if IDENTITY not in found:
        hint = "--overwrite and --resume work on folders that `recto train` or `recto improve` wrote"
        raise OutputError("the folder holds something else than a run", where=folder, hint=hint)
    if start == "new":
        hint = "choose another --out, or pass --resume to go on with it, --overwrite to replace it"
        raise OutputError("the folder is not empty: it holds an earlier run", where=folder, hint=hint)


def _clear(folder: Path) -> None:
    """Remove what an earlier Run wrote, and nothing else; what says that it is a Run goes last.

    Raises OutputError where something stays: it would be taken for this Run's.
    """
    try:
        for name in _FOLDERS:
            if (folder / name).exists():
                shutil.rmtree(folder / name)
        _remove_parts(folder)
        for name in (*_FILES, IDENTITY):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        what = f"can't be removed: {error.strerror or error}"
        hint = "check permissions, or choose another --out"
        raise OutputError(what, where=error.filename or folder, hint=hint) from error


def _remove_parts(folder: Path) -> None:
    """What a kill in the middle of writing left: it has no place in a Run."""
    for path in folder.iterdir():
        if path.is_file() and path.name.endswith(PART):
            path.unlink(missing_ok=True)
        elif path.name.startswith(f".{MODEL}-"):
            shutil.rmtree(path, ignore_errors=True)


def _cut_torn_line(path: Path) -> None:
    """A kill may leave the last line of the log without its end."""
    data = path.read_bytes() if path.is_file() else b""
    if data and not data.endswith(b"\n"):
        replace_file(path, data[: data.rfind(b"\n") + 1])


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"can't be written: {error.strerror or error}",
        where=path,
        hint=f"check free space and permissions; what was finished before is whole: {GOES_ON}",
    )
