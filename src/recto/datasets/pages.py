"""From an Example to its document's bytes and to its Page. Decoding is done in `documents/opening`."""

import hashlib
from pathlib import Path

from recto.datasets.example import Example
from recto.documents.limits import DEFAULT_LIMITS, Limits
from recto.documents.opening import open_pages
from recto.documents.page import Page
from recto.documents.source import Kind
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
    """SHA-256 of the document's bytes, in hexadecimal. Raises DocumentNotFound or DatasetError."""
    if not isinstance(example.source, Path):
        return hashlib.sha256(document_bytes(example)).hexdigest()
    try:
        with example.source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise DocumentNotFound("the document of this entry is missing", where=example.source) from None
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=example.source) from None


def open_example(example: Example, limits: Limits = DEFAULT_LIMITS) -> Page:
    """The upright Page of an Example; its `document` is `example.image`.

    `page` chooses within PDFs and TIFFs of several pages, where it is 1 if not given; in a file that holds
    one image it is only a label (page 3 of a contract, scanned alone). Raises DocumentErrors, DatasetError.
    """
    return open_counted(example, limits)[0]


def open_counted(example: Example, limits: Limits = DEFAULT_LIMITS) -> tuple[Page, int]:
    """As `open_example`, and how many pages the document has."""
    source = example.source if isinstance(example.source, Path) else document_bytes(example)
    with open_pages(source, name=example.image, limits=limits) as (opened, document):
        number = example.page or 1
        if document.page_count == 1 and opened.kind is not Kind.PDF:
            number = 1
        if number > document.page_count:
            count = "1 page" if document.page_count == 1 else f"{document.page_count} pages"
            raise DatasetError(f"there is no page {number}: the document has {count}", where=example.image)
        return document.page(number), document.page_count
