"""Checkpoints: the states of a training on disk, each verified before the one before it goes.

Beside a state `state-0003` stands its SHA-256, `state-0003.sha256`, as `sha256sum` writes it. What a state
means is not known here.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from recto.documents.replacing import replace_file, replaced
from recto.errors import OutputError
from recto.training.progress import GOES_ON

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Writing = Callable[[io.RawIOBase], object]
"""Writes a state into a stream, from its beginning to its end."""

_KEPT = 2


class Checkpoints:
    """States by number in one folder. The newest two are kept, so that one is good at any moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, number: int, state: bytes) -> None:
        """Keep a state that is in memory: see `write`."""
        self.write(number, lambda stream: stream.write(state))

    def write(self, number: int, writing: Writing) -> None:
        """Write a state, read it back, then drop all but it and the one before. Raises OutputError.

        The state is streamed, as it may be larger than what memory is left.
        """
        path = self.file(number)
        digest = hashlib.sha256()
        with replaced(path) as stream:
            writing(_Hashed(stream, digest.update))
        if _sha256(path) != digest.hexdigest():
            hint = f"check the disk; the state before this one is whole: {GOES_ON}"
            raise OutputError("doesn't read back as it was written", where=path, hint=hint)
        replace_file(_beside(path), f"{digest.hexdigest()}  {path.name}\n".encode())
        for old in self._files()[_KEPT:]:
            _beside(old).unlink(missing_ok=True)
            old.unlink(missing_ok=True)

    def newest(self) -> bytes | None:
        """The newest state that is whole; None where there is none."""
        path = self.newest_file()
        return None if path is None else path.read_bytes()

    def newest_file(self) -> Path | None:
        """The file of the newest state that is whole, for one that is not to be held in memory twice."""
        return next((path for path in self._files() if is_whole(path)), None)

    def file(self, number: int) -> Path:
        """Where the state of this number is, or would be."""
        return self._folder / f"state-{number:04d}"

    def _files(self) -> list[Path]:
        """Newest first."""
        found = (path for path in self._folder.glob("state-*") if path.suffix == "")
        return sorted(found, key=lambda path: int(path.name.removeprefix("state-")), reverse=True)


class _Hashed(io.RawIOBase):
    """A stream that can only be written to, and has every byte counted in a hash."""

    def __init__(self, stream: BinaryIO, update: Callable[["ReadableBuffer"], None]) -> None:
        self._stream, self._update = stream, update

    def writable(self) -> bool:
        """That is what it is for."""
        return True

    def write(self, data: "ReadableBuffer") -> int:
        """Write all of `data`."""
        self._update(data)
        return self._stream.write(data)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_whole(path: Path) -> bool:
    """Whether a state is there, and is what its SHA-256 beside it says."""
    beside = _beside(path)
    if not (path.is_file() and beside.is_file()):
        return False
    return beside.read_text("utf-8") == f"{_sha256(path)}  {path.name}\n"
