"""Opening: any file that recto reads → a lazy stream of upright RGB Pages, one in memory at a time.

The kind is found by content (`documents/source`); images are decoded in `documents/images`, PDFs are
rendered in `documents/pdf`. Every error is a DocumentError that names the file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from recto.documents.images import ImageDocument
from recto.documents.limits import DEFAULT_DPI, DEFAULT_LIMITS, Limits, check_dpi
from recto.documents.page import Page
from recto.documents.pdf import PdfDocument
from recto.documents.source import Kind, Source, open_source
from recto.errors import DocumentError


class Document(Protocol):
    """An open document whose pages can be taken in any order."""

    page_count: int

    def page(self, number: int) -> Page:
        """Page `number`, from 1. Raises a DocumentError that names document and page."""
        ...

    def close(self) -> None:
        """Let go of everything that is held open."""
        ...


def open_document(
    source: Path | bytes,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    dpi: float = DEFAULT_DPI,
) -> Iterator[Page]:
    """The pages of a document, decoded one by one as they are asked for.

    `name` is what pages and errors call it (default: the path as given); `dpi` is for PDF pages.
    Raises, on the first page asked for, a DocumentError of the kind that fits the file.
    """
    with open_pages(source, name=name, limits=limits, dpi=dpi) as (_, document):
        for number in range(1, document.page_count + 1):
            yield document.page(number)


def open_page(
    source: Path | bytes,
    number: int,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    dpi: float = DEFAULT_DPI,
) -> Page:
    """One page of a document, from 1; the others aren't decoded. Raises DocumentErrors."""
    with open_pages(source, name=name, limits=limits, dpi=dpi) as (opened, document):
        if not 1 <= number <= document.page_count:
            pages = "page" if document.page_count == 1 else "pages"
            raise DocumentError(
                f"there is no page {number}: the document has {document.page_count} {pages}",
                where=opened.name,
                hint="pages count from 1",
            )
        return document.page(number)


@contextmanager
def open_pages(
    source: Path | bytes,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    dpi: float = DEFAULT_DPI,
) -> Iterator[tuple[Source, Document]]:
    """An open document with its source (name, size, hash), for taking pages in any order.

    One page that fails leaves the others readable. Raises DocumentErrors, and SettingsError for an
    absurd `dpi`.
    """
    check_dpi(dpi)
    with open_source(source, name, limits) as opened:
        document = _document(opened, limits, dpi)
        try:
            yield opened, document
        finally:
            document.close()


def _document(source: Source, limits: Limits, dpi: float) -> Document:
    return PdfDocument(source, limits, dpi) if source.kind is Kind.PDF else ImageDocument(source, limits)
