"""Source: the bytes of one document as a stream, with name, size, content hash and kind.

The kind is found by content, never by the file's name. Decoding is in `documents/images` and `documents/pdf`.
"""

import hashlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from recto.documents.limits import Limits
from recto.errors import DocumentError, DocumentNotFound, EmptyDocument, UnsupportedDocument

HEAD_BYTES = 1024  # a PDF may have this much in front of its header (ISO 32000, implementation notes)

READABLE = "JPEG, PNG, TIFF, WebP and PDF"


Stream = io.BufferedReader | io.BytesIO
"""What documents are read from: a file or bytes, seekable."""


class Kind(StrEnum):
    """What a document is, by its content."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    WEBP = "WEBP"
    PDF = "PDF"


_MAGIC = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"II*\0", Kind.TIFF),
    (b"MM\0*", Kind.TIFF),
    (b"II+\0", Kind.TIFF),
    (b"MM\0+", Kind.TIFF),
)

_OTHERS = (
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x00\x00\x00\x0cjP", "a JPEG 2000 image"),
    (b"%!PS", "a PostScript file"),
    (b"<", "an HTML or XML file"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One open document: `stream` is seekable and stands at 0, `sha256` is the hash of all its bytes."""

    name: str
    stream: Stream
    size_bytes: int
    sha256: str
    kind: Kind

    def rewound(self) -> Stream:
        """The stream, at its beginning."""
        self.stream.seek(0)
        return self.stream


def kind_of(head: bytes) -> Kind | None:
    """The kind of a document that begins with `head` (HEAD_BYTES of it), None for any other file."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    return Kind.PDF if b"%PDF-" in head[:HEAD_BYTES] else None


@contextmanager
def open_source(source: Path | bytes, name: str | None, limits: Limits) -> Iterator[Source]:
    """Open `source` for reading; its size is checked first, then its kind.

    Raises DocumentNotFound, EmptyDocument, DocumentTooLarge, UnsupportedDocument or, where the system
    refuses to open the file, DocumentError.
    """
    if isinstance(source, bytes):
        name = name or "the given bytes"
        yield _source(io.BytesIO(source), len(source), name, limits)
        return
    name = name or str(source)
    size_bytes = _regular_file_size(source, name)
    try:
        stream = source.open("rb")
    except OSError as error:
        raise _unreadable(error, name) from None
    with stream:
        yield _source(stream, size_bytes, name, limits)


def _regular_file_size(path: Path, name: str) -> int:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise DocumentNotFound("there is no such file", where=name, hint="check the path") from None
    except (OSError, ValueError) as error:
        raise _unreadable(error, name) from None
    if stat.S_ISDIR(status.st_mode):
        raise UnsupportedDocument(
            "this is a folder, not a document", where=name, hint="`recto read FOLDER` reads what is in it"
        )
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedDocument(
            "this is a device or a pipe, not a file", where=name, hint="save it as a file first"
        )
    return status.st_size


def _unreadable(error: OSError | ValueError, name: str) -> DocumentError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DocumentError(f"can't be opened: {reason}", where=name, hint="check its permissions")


def _source(stream: Stream, size_bytes: int, name: str, limits: Limits) -> Source:
    if size_bytes == 0:
        raise EmptyDocument("the file is empty", where=name, hint="copy or download it again")
    limits.check_bytes(size_bytes, name)
    try:
        head = stream.read(HEAD_BYTES)
        kind = kind_of(head)
        if kind is None:
            raise _unsupported(head, name)
        stream.seek(0)
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
    except OSError as error:
        raise _unreadable(error, name) from None
    return Source(name, stream, size_bytes, sha256, kind)


def _unsupported(head: bytes, name: str) -> UnsupportedDocument:
    looks_like = next((what for magic, what in _OTHERS if head.startswith(magic)), None)
    looks_like = looks_like or ("zeros only" if not head.strip(b"\0") else "of another type")
    return UnsupportedDocument(
        f"the file is {looks_like}; recto reads {READABLE}", where=name, hint="convert it to PNG or PDF"
    )
