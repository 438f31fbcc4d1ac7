"""Keeping: how base weights come into the store, whole or not at all, and how they leave it.

From a folder (copied, or left where they are), or built here (the tiny random model). From the Hub:
`engines/model_hub`. What isn't whole yet lies under `.unfinished/NAME` of the store, and is not found.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recto.documents.replacing import replace_file, sync_folder
from recto.engines.model_folder import FileStamp
from recto.engines.model_store import (
    RECORD,
    TINY,
    TINY_TEXT,
    WEIGHTS_FOLDER,
    StoredModel,
    StoredRecord,
    architecture_name,
    find_model,
    is_name,
    is_stored,
    store_folder,
)
from recto.engines.weight_files import check_names, check_shards, kept_files, stamp_of
from recto.errors import EngineError, ModelNotFound, OutputError, PullFailed
from recto.workspace.locks import held

Advance = Callable[[int], None]
"""Called with the number of bytes that were added."""

UNFINISHED = ".unfinished"
_CHUNK_BYTES = 1 << 22


@contextmanager
def being_stored(name: str, part: str = "files") -> Iterator[Path]:
    """A folder in which the files of `name` are gathered (under WEIGHTS_FOLDER), one for each `part`.

    One process at a time stores a name. The folder stays when the block fails: the next try goes on from
    there. Raises EngineError where the name can't be used or is taken, WorkspaceBusy, OutputError.
    """
    check_free(name)
    folder = unfinished(name) / part
    try:
        (folder / WEIGHTS_FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be made: {error.strerror}", where=folder, hint="RECTO_MODELS is another place"
        ) from None
    with held(_lock(name), what=f"storing {name}"):
        check_free(name)
        yield folder


def put_in_place(folder: Path, name: str, record: StoredRecord) -> StoredModel:
    """Make a gathered folder the stored model `name`: with its record, all at once. Raises OutputError.

    What other tries to store that name left is deleted.
    """
    replace_file(folder / RECORD, record.model_dump_json(indent=1).encode())
    try:
        folder.rename(store_folder() / name)
        sync_folder(store_folder())
        shutil.rmtree(unfinished(name), ignore_errors=True)
    except OSError as error:
        raise OutputError(f"can't be renamed: {error.strerror}", where=folder) from None
    return find_model(name)


def keep_folder(name: str, source: Path, *, link: bool, advance: Advance) -> StoredModel:
    """Store the weights of the folder `source` as `name`: a copy, or with `link` the folder where it lies.

    Raises ModelFolderError where they aren't whole or aren't safetensors, and what `being_stored` raises.
    """
    source = source.expanduser().resolve()
    if not source.is_dir():
        raise ModelNotFound("no such folder", where=source, hint="--from takes the folder with config.json")
    names = kept_files(source, code=True)
    check_names((file.name for file in source.iterdir()), where=source)
    check_shards(source, names, again="copy the folder again, whole")
    architecture = architecture_name(source)
    with being_stored(name) as folder:
        if link:
            stamps = {file: _hashed(source / file, advance) for file in names}
        else:
            check_space(sum((source / file).stat().st_size for file in names))
            stamps = {file: _copied(source / file, folder / WEIGHTS_FOLDER / file, advance) for file in names}
        said = f"{'left in' if link else 'copied from'} {source}"
        record = StoredRecord(
            source=said, architecture=architecture, folder=str(source) if link else "", files=stamps
        )
        return put_in_place(folder, name, record)


def keep_tiny(seed: int = 0) -> StoredModel:
    """Build the tiny random model that sees pages, and store it as TINY, unless it is there already.

    Raises MissingPackage (with what to install) and what `being_stored` raises.
    """
    if is_stored(TINY):
        return find_model(TINY)
    from recto.engines.vlm.tiny import build_tiny

    return _built(TINY, lambda weights: build_tiny(weights, seed=seed), seed)


def keep_tiny_text(seed: int = 0) -> StoredModel:
    """Build the tiny random model of text, and store it as TINY_TEXT, as `keep_tiny` does the other one."""
    if is_stored(TINY_TEXT):
        return find_model(TINY_TEXT)
    from recto.engines.text.tiny import build_tiny_text

    return _built(TINY_TEXT, lambda weights: build_tiny_text(weights, seed=seed), seed)


def _built(name: str, build: Callable[[Path], Path], seed: int) -> StoredModel:
    with being_stored(name) as folder:
        weights = folder / WEIGHTS_FOLDER
        build(weights)
        record = StoredRecord(
            source=f"built by recto, random, seed {seed}",
            architecture=architecture_name(weights),
            licence="none: it holds random numbers",
            files={file: stamp_of(weights / file) for file in kept_files(weights, code=False)},
        )
        return put_in_place(folder, name, record)


def remove(name: str) -> None:
    """Delete what is stored as `name`, finished or not; weights that were left in their place stay there.

    Raises ModelNotFound, WorkspaceBusy, OutputError.
    """
    check_stored(name)
    folder, gone = store_folder() / name, unfinished(name) / "removed"
    gone.parent.mkdir(parents=True, exist_ok=True)
    with held(_lock(name), what=f"removing {name}"):
        try:
            if folder.is_dir():
                shutil.rmtree(gone, ignore_errors=True)
                folder.rename(gone)  # at once: nobody finds half of it
            shutil.rmtree(unfinished(name))
        except OSError as error:
            raise OutputError(f"can't be deleted: {error.strerror}", where=folder) from None


def check_stored(name: str) -> None:
    """Raise ModelNotFound unless something is stored as `name`, whole or not, finished or not."""
    if not (is_stored(name) or (is_name(name) and unfinished(name).is_dir())):
        raise ModelNotFound(f"nothing is stored as {name!r}", where=store_folder(), hint="recto models list")


def check_free(name: str) -> None:
    """Raise EngineError unless `name` is a name and nothing is stored under it."""
    if not is_name(name):
        raise EngineError(
            f"{name!r} is no name for weights", hint="one word without slashes, such as my-model"
        )
    if is_stored(name):
        raise EngineError(
            f"something is stored as {name!r} already, and what was trained on it needs it as it is",
            where=store_folder() / name,
            hint=f"store the other one as --name {name}-new, or first: recto models remove {name}",
        )


def check_space(needed_bytes: int) -> None:
    """Raise PullFailed where the disk of the store hasn't this much room."""
    free = shutil.disk_usage(store_folder()).free
    if free < needed_bytes:
        raise PullFailed(
            f"{needed_bytes / 1e9:.1f} GB are needed, and {free / 1e9:.1f} GB are free",
            where=store_folder(),
            hint="make room (recto models list, remove), or set RECTO_MODELS to another disk",
        )


def unfinished(name: str) -> Path:
    """Where the files of `name` are gathered before it is stored."""
    return store_folder() / UNFINISHED / name


def _lock(name: str) -> Path:
    return store_folder() / UNFINISHED / f"{name}.lock"


def _copied(source: Path, target: Path, advance: Advance) -> FileStamp:
    """Copy one file to disk, and the stamp of what was written."""
    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            while chunk := reading.read(_CHUNK_BYTES):
                writing.write(chunk)
                advance(len(chunk))
            writing.flush()
            os.fsync(writing.fileno())
    except OSError as error:
        raise OutputError(f"can't be copied: {error.strerror}", where=source, hint="check space") from None
    return stamp_of(target)


def _hashed(file: Path, advance: Advance) -> FileStamp:
    stamp = stamp_of(file)
    advance(stamp.bytes)
    return stamp
