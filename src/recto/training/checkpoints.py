"""Checkpoints: the states of a training on disk, each verified before the one before it goes.

A file is the SHA-256 of a state (64 hex digits, a line feed) and the state itself. What a state means is
not known here.
"""

import hashlib
from pathlib import Path

from recto.documents.replacing import replace_file
from recto.errors import OutputError
from recto.training.progress import GOES_ON

_KEPT = 2
_DIGITS = 64


class Checkpoints:
    """States by number in one folder. The newest two are kept, so that one is good at any moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, number: int, state: bytes) -> None:
        """Write a state, read it back, then drop all but it and the one before. Raises OutputError."""
        path = self._folder / f"epoch-{number:04d}"
        replace_file(path, hashlib.sha256(state).hexdigest().encode() + b"\n" + state)
        if _read(path) != state:
            hint = f"check the disk; the state before this one is whole: {GOES_ON}"
            raise OutputError("doesn't read back as it was written", where=path, hint=hint)
        for old in self._files()[_KEPT:]:
            old.unlink(missing_ok=True)

    def newest(self) -> bytes | None:
        """The newest state that is whole; None where there is none."""
        return next((state for path in self._files() if (state := _read(path)) is not None), None)

    def _files(self) -> list[Path]:
        """Newest first."""
        return sorted(self._folder.glob("epoch-[0-9][0-9][0-9][0-9]"), reverse=True)


def _read(path: Path) -> bytes | None:
    """The state in a file; None where the file isn't whole."""
    data = path.read_bytes()
    digest, state = data[:_DIGITS], data[_DIGITS + 1 :]
    return state if hashlib.sha256(state).hexdigest().encode() == digest else None
