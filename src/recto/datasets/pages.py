"""From an Example to its document's bytes and to its Page. Decoding is done in `documents/opening`."""

import hashlib
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from recto.datasets.example import Example
from recto.documents.page import Page
from recto.errors import DatasetError, DocumentNotFound


def document_bytes(example: Example) -> bytes:
    """The bytes of the Example's document. Raises DocumentNotFound or DatasetError."""
    source = example.source
    if isinstance(source, bytes):
        return source
    if not isinstance(source, Path):
        return source.read()
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise DocumentNotFound("the document of this entry is missing", where=source) from None
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=source) from None


def content_hash(example: Example) -> str:
    """SHA-256 of the document's bytes, in hexadecimal."""
    return hashlib.sha256(document_bytes(example)).hexdigest()


def open_example(example: Example) -> Page:
    """The upright Page of an Example; its `document` is `example.image`.

    Raises the DocumentErrors of `open_page`, each naming the document.
    """
    from recto.documents.opening import open_page

    source = example.source if isinstance(example.source, Path) else document_bytes(example)
    return open_page(source, selected_page(example, source), name=example.image)


def selected_page(example: Example, source: Path | bytes) -> int:
    """Which page to open, from 1: `page` chooses within PDFs and TIFFs of several pages.

    In a file that holds one image `page` is only a label (page 3 of a contract, scanned alone).
    """
    if example.page is None or example.page == 1:
        return 1
    return example.page if _has_pages(source) else 1


def _has_pages(source: Path | bytes) -> bool:
    try:
        if isinstance(source, bytes):
            return _many(source[:1024], BytesIO(source))
        with source.open("rb") as file:
            return _many(file.read(1024), file)
    except OSError:
        return False  # opening it says what is wrong, better than we could here


def _many(head: bytes, file: object) -> bool:
    if b"%PDF-" in head:
        return True
    if head[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return False
    file.seek(0)  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings(), Image.open(file) as image:  # type: ignore[arg-type]
            warnings.simplefilter("ignore")
            return int(getattr(image, "n_frames", 1)) > 1
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return True  # opening it says what is wrong
