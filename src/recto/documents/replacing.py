"""Replacing: a file appears whole under its name, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from recto.errors import OutputError


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes become `path` when the block ends well; folders are made as needed.

    The bytes go to `path` + `.part` first; a part that a kill leaves behind is overwritten by the next try.
    Raises OutputError.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise OutputError(
            f"can't be written: {error.strerror or error}", where=path, hint="check space and permissions"
        ) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
