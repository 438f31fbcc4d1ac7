"""Replacing: a file appears whole under its name, or not at all, and stays there when the power goes."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from recto.errors import OutputError, OutputFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where a disk, or one's share of it, is full."""

PART = ".part"
"""What the name of an unfinished file ends with; a kill may leave one behind."""


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become `path` when the block ends well; folders are made as needed.

    The bytes go to `path` + `.part` first; a part that a kill leaves behind is overwritten by the next try.
    Raises OutputError, OutputFull where the disk is full.
    """
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        kind = OutputFull if error.errno in NO_ROOM else OutputError
        raise kind(
            f"can't be written: {error.strerror or error}", where=path, hint="check space and permissions"
        ) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` as `path`, whole or not at all. Raises OutputError."""
    with replaced(path) as stream:
        stream.write(data)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in `folder` last, where the system can."""
    if os.name == "nt":  # Windows can't open folders; its rename is durable by itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems refuse to sync folders
            os.fsync(handle)
    finally:
        os.close(handle)
