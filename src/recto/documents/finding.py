"""Finding: paths, folders and globs → the document files that they mean, in a stable order.

Folders are walked to the bottom, hidden files and folders left out. What a file in a folder is, its name
or its first bytes say; a file that is named by itself is always taken: opening it says what is wrong.
"""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.documents.source import HEAD_BYTES, kind_of
from recto.errors import DocumentNotFound

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".pdf"})


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One document file: the path as given or found, and its name below the common folder of all."""

    path: Path
    relative: Path


@dataclass(frozen=True, slots=True)
class Found:
    """The files to read; the paths that matched nothing; how many files in folders aren't documents."""

    files: tuple[FoundFile, ...]
    missing: tuple[str, ...]
    others: int


def find_documents(paths: Sequence[str], *, leave_out: Path | None = None) -> Found:
    """The documents that `paths` mean, each once, in the order of `paths`, folders sorted.

    `leave_out` is a folder that isn't looked into (where results are written). Raises DocumentNotFound
    when nothing at all is found.
    """
    skipped = None if leave_out is None else _absolute(leave_out)
    files: dict[Path, Path] = {}
    roots: list[Path] = []
    missing: list[str] = []
    others = 0
    for given in paths:
        matches = _matches(given)
        if not matches:
            missing.append(given)
        for match in matches:
            roots.append(match if match.is_dir() else match.parent)
            for path, wanted in _files(match, skipped):
                if wanted:
                    files.setdefault(_absolute(path), path)
                else:
                    others += 1
    if not files:
        raise _nothing_found(paths, missing, others)
    names = _names_below(_common_folder(roots), files)
    found = tuple(FoundFile(path, name) for path, name in zip(files.values(), names, strict=True))
    return Found(found, tuple(missing), others)


def _matches(given: str) -> list[Path]:
    if os.path.lexists(given):
        return [Path(given)]
    return [Path(match) for match in sorted(glob.glob(given, recursive=True))]  # noqa: PTH207  keeps "./" away


def _files(path: Path, skipped: Path | None) -> Iterator[tuple[Path, bool]]:
    """The files that `path` means, each with whether it is a document."""
    if not path.is_dir():
        yield path, True
        return
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and _absolute(here / name) != skipped
        )
        for name in sorted(names):
            if not name.startswith("."):
                yield here / name, _is_document(here / name)


def _is_document(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(HEAD_BYTES)) is not None
    except OSError:
        return False


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  without following links: two names stay two documents


def _common_folder(roots: Iterable[Path]) -> Path:
    try:
        return Path(os.path.commonpath([_absolute(root) for root in roots]))
    except ValueError:  # different drives
        return Path()


def _names_below(folder: Path, files: Iterable[Path]) -> list[Path]:
    """Each file's name below `folder`, always relative, never with `..`."""
    return [
        path.relative_to(folder) if path.is_relative_to(folder) else path.relative_to(path.anchor)
        for path in files
    ]


def _nothing_found(paths: Sequence[str], missing: Sequence[str], others: int) -> DocumentNotFound:
    where = ", ".join(missing or paths)
    if len(missing) == len(paths):
        return DocumentNotFound(
            "there is no such file, and no file matches", where=where, hint="check the path"
        )
    there = f" ({others} other files)" if others else ""
    return DocumentNotFound(
        f"no documents in there{there}", where=where, hint="recto reads JPEG, PNG, TIFF, WebP and PDF"
    )
