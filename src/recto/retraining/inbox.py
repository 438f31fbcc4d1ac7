"""Inbox: which files of a folder are new or changed since the last look. Nothing is opened here.

What was half-written when it was looked at is refused by those who open it, changes, and is seen again.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from recto.datasets.naming import DOCUMENT_SUFFIXES
from recto.errors import WorkspaceError

_Stamp = tuple[int, int]  # size in bytes, time of the last change in ns


@dataclass(frozen=True, slots=True)
class News:
    """What changed: the `documents`, or everything where `labels` (annotations of any format) did."""

    documents: tuple[Path, ...]
    labels: bool

    def __bool__(self) -> bool:
        return self.labels or bool(self.documents)


@dataclass(slots=True)
class Inbox:
    """A folder that is watched. What is in it at first counts as new."""

    folder: Path
    _seen: dict[Path, _Stamp] = field(default_factory=dict)

    def news(self) -> News:
        """What is new or changed since `news` was last told. Raises WorkspaceError without a folder."""
        found = self._files()
        changed = [path for path, stamp in found.items() if self._seen.get(path) != stamp]
        self._seen = found
        documents = tuple(path for path in changed if path.suffix.lower() in DOCUMENT_SUFFIXES)
        return News(documents, labels=len(documents) < len(changed))

    def forget(self) -> None:
        """What was told couldn't be taken in: it counts as new again."""
        self._seen = {}

    def _files(self) -> dict[Path, _Stamp]:
        if not self.folder.is_dir():
            raise WorkspaceError(
                "there is no such folder", where=self.folder, hint="make it, or choose another"
            )
        found = {}
        for folder, folders, names in os.walk(self.folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = Path(folder) / name
                try:
                    stat = path.stat()
                except OSError:
                    continue  # gone in the meantime
                if not name.startswith(".") and not name.endswith(".part"):
                    found[path] = (stat.st_size, stat.st_mtime_ns)
        return dict(sorted(found.items()))
