"""Whether a folder is a dataset as recto writes them, and nothing else: only such a folder may be replaced.

It is told by what is in the folder. One file that no writer makes is enough to leave all of it alone.
"""

import os
import re
from pathlib import Path

from recto.datasets.naming import DOCUMENT_SUFFIXES, SPLITS

_MARKS = ("annotations.json", "annotations.jsonl", "metadata.parquet", "dataset_dict.json", "state.json")
_OWN_NAMES = frozenset({*_MARKS, "dataset_info.json"})
_SHARD = re.compile(r"(train|val|test|unsplit)-(\d{5}-of-\d{5}\.parquet|\d{6}\.tar)")
_ARROW = re.compile(r"data-\d{5}-of-\d{5}\.arrow")


def stranger_in(folder: Path) -> str | None:
    """A reason why `folder` isn't a dataset that recto wrote, as half a sentence; None where it is one.

    Raises OSError where the folder can't be looked through.
    """
    if not _is_marked(folder):
        return "it holds no dataset that recto wrote"
    for place, folders, files in os.walk(folder, onerror=_raise):
        for name in (*(name for name in folders if (Path(place) / name).is_symlink()), *files):
            if (Path(place) / name).is_symlink() or not _is_own(name):
                return (
                    f"{(Path(place) / name).relative_to(folder).as_posix()!r} in it is no part of a dataset"
                )
    return None


def _is_marked(folder: Path) -> bool:
    if any((folder / name).is_file() for name in _MARKS):
        return True
    if any((folder / split / "metadata.parquet").is_file() for split in SPLITS):
        return True
    return any(_SHARD.fullmatch(entry.name) for entry in folder.iterdir())


def _is_own(name: str) -> bool:
    return (
        name in _OWN_NAMES
        or Path(name).suffix.lower() in DOCUMENT_SUFFIXES
        or _SHARD.fullmatch(name) is not None
        or _ARROW.fullmatch(name) is not None
    )


def _raise(error: OSError) -> None:
    raise error
