"""Blobs: the bytes of documents under their own SHA-256, `blobs/ab/cdef…`. What they mean the database says.

A blob appears whole or not at all, and on the disk before the row that names it. Blobs are never changed.
"""

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from recto.documents.replacing import PART, sync_folder
from recto.errors import DocumentError, DocumentNotFound, OutputError
from recto.workspace.folder import Workspace

PARTS = "parts"
PART_LIVES_S = 3600
"""No blob takes this long to write: a part that is older was left by a process that died."""

_CHUNK = 1 << 20


def put_blob(workspace: Workspace, data: bytes | Path) -> str:
    """Keep the bytes (of a file, or themselves) and give their SHA-256; kept once, however often it is put.

    A blob that is there is read, and written anew where it was damaged: it is right afterwards. Raises
    DocumentNotFound or DocumentError for a file that can't be read, OutputError where there's no room.
    """
    part = workspace.blobs / PARTS / f"{uuid.uuid4().hex}{PART}"
    with _opened(data) as stream:
        try:
            sha256 = _hashed(stream, data)
            if blob_fault(workspace, sha256) is not None:
                stream.seek(0)
                sha256 = _written(stream, part, data)
                blob_path(workspace, sha256).parent.mkdir(exist_ok=True)
                part.replace(blob_path(workspace, sha256))
            sync_folder(blob_path(workspace, sha256).parent)  # also where its writer didn't come to that
        except OSError as error:
            _discard(part)
            hint = "check space and permissions"
            raise OutputError(
                f"can't be kept: {error.strerror or error}", where=workspace.blobs, hint=hint
            ) from None
        except BaseException:
            _discard(part)
            raise
    return sha256


def blob_path(workspace: Workspace, sha256: str) -> Path:
    """Where the blob is, or would be."""
    return workspace.blobs / sha256[:2] / sha256[2:]


def blob_fault(workspace: Workspace, sha256: str) -> str | None:
    """What is wrong with the blob, once it is read: "was changed", "is missing", … None: it is as it was."""
    try:
        with blob_path(workspace, sha256).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"can't be read ({error.strerror})"
    return None if found == sha256 else "was changed"


def sweep_parts(workspace: Workspace, now_s: float | None = None) -> int:
    """Remove what writers that were killed left behind; how many files. `now_s` is time.time()."""
    oldest = (time.time() if now_s is None else now_s) - PART_LIVES_S
    swept = 0
    for part in (workspace.blobs / PARTS).glob(f"*{PART}"):
        with suppress(OSError):  # its writer has just finished with it
            if part.stat().st_mtime < oldest:
                part.unlink()
                swept += 1
    return swept


def _opened(data: bytes | Path) -> BinaryIO | BytesIO:
    if isinstance(data, bytes):
        return BytesIO(data)
    try:
        return data.open("rb")
    except FileNotFoundError:
        raise DocumentNotFound("there is no such file", where=data, hint="check the path") from None
    except OSError as error:
        raise _unreadable(data, error) from None


def _hashed(stream: BinaryIO | BytesIO, data: bytes | Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(stream, data):
        digest.update(chunk)
    return digest.hexdigest()


def _written(stream: BinaryIO | BytesIO, part: Path, data: bytes | Path) -> str:
    """Write the stream to `part`, wait until the disk has it, and give the hash of what was written."""
    digest = hashlib.sha256()
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("xb") as out:
        for chunk in _chunks(stream, data):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _chunks(stream: BinaryIO | BytesIO, data: bytes | Path) -> Iterator[bytes]:
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise _unreadable(data, error) from None


def _unreadable(data: bytes | Path, error: OSError) -> DocumentError:
    where = data if isinstance(data, Path) else "the given bytes"
    return DocumentError(f"can't be read: {error.strerror}", where=where, hint="check its permissions")


def _discard(part: Path) -> None:
    with suppress(OSError):
        part.unlink(missing_ok=True)
