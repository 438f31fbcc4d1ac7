"""Weight files: which files are base weights, what identifies them, and whether all of them are there.

Only safetensors are weights here: a pickled file can run anything when it is opened. Nothing is loaded.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from recto.engines.model_folder import FileStamp
from recto.errors import ModelFolderError

CONFIG = "config.json"
WEIGHTS = ".safetensors"
INDEX = "model.safetensors.index.json"
CODE = ".py"

_BESIDE_WEIGHTS = (".json", ".txt", ".model", ".jinja", ".tiktoken")
LICENCES = ("LICENSE", "LICENCE", "NOTICE")
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_LENGTH_BYTES, _MOST_TABLE_BYTES = 8, 100_000_000
"""A file of safetensors begins with the length of its table, which is at most so long."""


def is_kept(name: str, *, code: bool) -> bool:
    """Whether `name` is kept: weights, configuration, tokenizer, licence; program files only with `code`.

    Files in folders within a repository aren't: they are other forms of the same weights.
    """
    if "/" in name or "\\" in name or name.startswith("."):
        return False
    suffix = Path(name).suffix.lower()
    is_code = code and suffix == CODE
    return is_code or suffix in (WEIGHTS, *_BESIDE_WEIGHTS) or name.upper().startswith(LICENCES)


def kept_files(folder: Path, *, code: bool) -> tuple[str, ...]:
    """The files of `folder` that are kept, by name. Raises ModelFolderError where it can't be read."""
    try:
        return tuple(sorted(f.name for f in folder.iterdir() if f.is_file() and is_kept(f.name, code=code)))
    except OSError as error:
        raise ModelFolderError(f"can't be read: {error.strerror}", where=folder) from None


def check_names(names: Iterable[str], *, where: object) -> None:
    """Raise ModelFolderError unless `names` hold a configuration and weights as safetensors."""
    all_ = set(names)
    if CONFIG not in all_:
        raise ModelFolderError(
            f"no {CONFIG} here: these are no weights that transformers saved", where=where,
            hint="weights are config.json, *.safetensors and a tokenizer, side by side",
        )  # fmt: skip
    if any(name.endswith(WEIGHTS) for name in all_):
        return
    pickled = sorted(name for name in all_ if Path(name).suffix.lower() in _PICKLED)
    what = (
        f"its weights are pickled ({pickled[0]}), and opening those can run anything"
        if pickled
        else "no weights"
    )
    hint = "recto takes safetensors only; look for a repository or revision that has them"
    raise ModelFolderError(what, where=where, hint=hint)


def check_shards(folder: Path, names: Collection[str], *, again: str) -> None:
    """Raise ModelFolderError where the index of sharded weights names a file that isn't in `names`, and where
    one of those files is cut. `again` says what to do.
    """
    for name in names:
        if name.endswith(WEIGHTS) and not _is_whole(folder / name):
            raise ModelFolderError(f"{name} is cut, or isn't what its name says", where=folder, hint=again)
    if not (folder / INDEX).is_file():
        return
    try:
        shards = set(json.loads((folder / INDEX).read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ModelFolderError(
            f"{INDEX} can't be read as an index of weights", where=folder, hint=again
        ) from None
    missing = sorted(shards - set(names))
    if missing:
        raise ModelFolderError(f"{missing[0]} is missing ({INDEX} names it)", where=folder, hint=again)


def _is_whole(file: Path) -> bool:
    """Whether a file of safetensors is as long as the table at its beginning says.

    A copy that was cut isn't, nor is what git leaves in the place of a large file. Raises ModelFolderError.
    """
    try:
        with file.open("rb") as stream:
            table_bytes = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
            table = json.loads(stream.read(min(table_bytes, _MOST_TABLE_BYTES)))
        ends = [entry["data_offsets"][1] for name, entry in table.items() if name != "__metadata__"]
        return bool(file.stat().st_size == _LENGTH_BYTES + table_bytes + max(ends, default=0))
    except OSError as error:
        raise ModelFolderError(f"can't be read: {error.strerror}", where=file) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def read_config(folder: Path) -> dict[str, object]:
    """`config.json` of weights. Raises ModelFolderError where it isn't there or is no table."""
    try:
        value = json.loads((folder / CONFIG).read_text("utf-8"))
    except FileNotFoundError:
        check_names((), where=folder)
        raise
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{CONFIG} can't be read: {error}", where=folder) from None
    if not isinstance(value, dict):
        raise ModelFolderError(f"{CONFIG} is no table of names and values", where=folder)
    return value


def stamp_of(file: Path) -> FileStamp:
    """SHA-256 and size of a file; a large file is read once as long as it isn't changed."""
    try:
        facts = file.stat()
        return FileStamp(sha256=_sha256(file, facts.st_size, facts.st_mtime_ns), bytes=facts.st_size)
    except OSError as error:
        raise ModelFolderError(f"can't be read: {error.strerror}", where=file) from None


def digest(stamps: Mapping[str, FileStamp]) -> str:
    """One SHA-256 for all files: of their names and SHA-256, sorted by name."""
    rows = "".join(f"{name}\0{stamps[name].sha256}\n" for name in sorted(stamps))
    return hashlib.sha256(rows.encode()).hexdigest()


def read_again(file: Path) -> str:
    """The SHA-256 of a file as it is on disk now, in hex. Raises OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=256)
def _sha256(file: Path, size: int, changed_ns: int) -> str:
    """The hash of a file of this size and time of change."""
    return read_again(file)
