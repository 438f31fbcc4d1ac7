"""Where a dataset is written: built beside its place under another name, then put there in one step.

A reader never sees half a dataset, a folder with something in it is never touched unasked, and one that
isn't a dataset of recto's isn't replaced even when asked.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path

from recto.datasets.example import Example, Source
from recto.datasets.naming import free_name
from recto.datasets.pages import content_hash, document_bytes
from recto.datasets.writers.ownership import stranger_in
from recto.errors import OutputError


@contextmanager
def new_folder(out: Path, *, replace: bool) -> Iterator[Path]:
    """A fresh folder that becomes `out` when the block ends well. Raises OutputError where `out` is taken."""
    check_free(out, replace=replace)
    if out.is_file():
        raise OutputError("a file is there, and a folder is to be written", where=out, hint="remove it first")
    building = _beside(out)
    try:
        yield building
        _put(building, out)
    except OSError as error:
        raise OutputError(f"can't be written: {error.strerror or error}", where=out) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


@contextmanager
def new_file(out: Path, *, replace: bool) -> Iterator[Path]:
    """A path to write that becomes `out` when the block ends well. Raises OutputError where `out` exists."""
    check_free(out, replace=replace)
    building = _beside(out)
    try:
        yield building / out.name
        (building / out.name).replace(out)
    except OSError as error:
        raise OutputError(f"can't be written: {error.strerror or error}", where=out) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def check_free(out: Path, *, replace: bool) -> None:
    """Raise OutputError where something is at `out` already and may not be replaced.

    With `replace` a file may be, and a folder that is a dataset of recto's and nothing else.
    """
    empty_folder = out.is_dir() and not any(out.iterdir())
    if (out.exists() or out.is_symlink()) and not empty_folder and not replace:
        raise OutputError(
            "something is there already", where=out, hint="give another place, or --replace to replace it"
        )
    if out.is_dir() and not empty_folder:
        _refuse_strangers(out)


def _refuse_strangers(out: Path) -> None:
    try:
        reason = stranger_in(out)
    except OSError as error:
        reason = f"it can't be looked through ({error.strerror})"
    if reason:
        raise OutputError(
            f"this folder isn't replaced: {reason}",
            where=out,
            hint="give another place, or remove it yourself",
        )


def with_places(
    examples: tuple[Example, ...], name_of: Callable[[Example], str]
) -> Iterator[tuple[Example, bool]]:
    """Every Example under its new name, and whether its document is to be written (pages share a file).

    Two documents that want one name get two: the second becomes `name-2`.
    """
    by_name: dict[str, tuple[str, Example]] = {}
    for example in examples:
        wanted = name_of(example)
        name, fresh = wanted, True
        while (found := by_name.get(name.lower())) is not None:
            if same_document(found[1], example):
                name, fresh = found[0], False
                break
            name = free_name(wanted, set(by_name))
        if fresh:
            by_name[name.lower()] = (name, example)
        yield changed(example, image=name), fresh


def same_document(one: Example, other: Example) -> bool:
    """Whether two Examples are of one document, byte for byte."""
    return _same_place(one.source, other.source) or content_hash(one) == content_hash(other)


def write_document(example: Example, folder: Path) -> None:
    """Write the Example's document at `folder / image`."""
    path = folder / example.image
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document_bytes(example))


def _same_place(one: Source, other: Source) -> bool:
    return type(one) is type(other) and one == other


def _beside(out: Path) -> Path:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        building.chmod(0o777 & ~_umask())
    except OSError as error:
        raise OutputError(f"can't be written: {error.strerror}", where=out) from error
    return building


def _put(building: Path, out: Path) -> None:
    """Rename `building` to `out`; what was there goes only when the new folder stands in its place."""
    if not out.exists():
        building.replace(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    try:
        out.replace(old / out.name)
        building.replace(out)
    except OSError:
        if (old / out.name).exists():
            (old / out.name).replace(out)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
