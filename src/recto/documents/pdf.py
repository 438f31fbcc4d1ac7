"""PDF files → Pages: each page rendered by PDFium when its turn comes, its text layer beside it.

Page sizes are checked before rendering. PDFium isn't safe in threads, so that every call holds one lock.
"""

import math
import threading

import numpy as np
import pypdfium2 as pdfium

from recto.documents.limits import Limits
from recto.documents.page import Page
from recto.documents.source import Source
from recto.documents.truncation import pdf_ends_early
from recto.errors import BrokenDocument, DocumentError, EmptyDocument, EncryptedDocument, TruncatedDocument

pdfium_lock = threading.RLock()
"""Held around every call of PDFium, here and wherever else it is called."""

_POINTS_PER_INCH = 72
_PAGES_PER_OPENING = 200
_BYTES_PER_OPENING = 32_000_000
_PDFIUM_FILE, _PDFIUM_PASSWORD, _PDFIUM_SECURITY = 2, 4, 5  # FPDF_ERR_* in fpdfview.h
_PDFIUM_ERRORS = (pdfium.PdfiumError, OSError, ValueError, AssertionError, MemoryError)


class PdfDocument:
    """An open PDF; `page_count` is known, pages are rendered at `dpi` when asked for."""

    def __init__(self, source: Source, limits: Limits, dpi: float) -> None:
        """Read the structure. Raises TruncatedDocument, EncryptedDocument, EmptyDocument, BrokenDocument
        or DocumentTooLarge (too many pages)."""
        self._source = source
        self._limits = limits
        self._dpi = dpi
        if pdf_ends_early(source):
            raise TruncatedDocument(
                "the PDF ends too early: its closing table is missing",
                where=source.name,
                hint="copy or download it again",
            )
        with pdfium_lock:
            self._pdf = self._open()
            self.page_count = len(self._pdf)
        self._rendered_pages = 0
        average_bytes = source.size_bytes / self.page_count
        self._pages_per_opening = max(1, min(_PAGES_PER_OPENING, int(_BYTES_PER_OPENING / average_bytes)))
        try:
            limits.check_pages(self.page_count, source.name)
        except DocumentError:
            self.close()
            raise

    def page(self, number: int) -> Page:
        """Page `number`, from 1, rendered. Raises BrokenDocument or DocumentTooLarge."""
        where = f"{self._source.name}, page {number}"
        with pdfium_lock:
            try:
                self._forget_now_and_then()
                page = self._pdf[number - 1]
                try:
                    return self._rendered(page, number, where)
                finally:
                    page.close()
            except _PDFIUM_ERRORS as error:
                raise BrokenDocument(
                    f"this page of the PDF is damaged ({error})",
                    where=where,
                    hint="save the PDF anew, or leave the page out with --pages",
                ) from None

    def close(self) -> None:
        """Let go of the document and of everything that PDFium holds for it."""
        with pdfium_lock:
            self._pdf.close()

    def _forget_now_and_then(self) -> None:
        """Open the file anew after some pages: PDFium keeps what it has read of it until it is closed."""
        if self._rendered_pages >= self._pages_per_opening:
            fresh = self._open()
            self._pdf.close()
            self._pdf = fresh
            self._rendered_pages = 0
        self._rendered_pages += 1

    def _open(self) -> pdfium.PdfDocument:
        # A document without pages sets no error, and PDFium would tell of an earlier one. So leave one behind
        # that a stream can't cause: "file not found".
        pdfium.raw.FPDF_LoadDocument(b"\0", None)
        try:
            pdf = pdfium.PdfDocument(self._source.rewound())
        except _PDFIUM_ERRORS as error:
            raise self._refused(getattr(error, "err_code", None), str(error)) from None
        if pdf.get_formtype():
            pdf.init_forms()  # what was filled in is drawn only if forms are known before the first page
        return pdf

    def _refused(self, code: int | None, reason: str) -> DocumentError:
        name = self._source.name
        if code in (_PDFIUM_PASSWORD, _PDFIUM_SECURITY):
            return EncryptedDocument(
                "the PDF needs a password", where=name, hint="save a copy without one, for example with qpdf"
            )
        if code == _PDFIUM_FILE:
            return EmptyDocument("the PDF has no pages", where=name, hint="save it anew from its source")
        return BrokenDocument(f"the PDF is damaged ({reason})", where=name, hint="save or download it anew")

    def _rendered(self, page: pdfium.PdfPage, number: int, where: str) -> Page:
        scale = self._dpi / _POINTS_PER_INCH
        width_pt, height_pt = page.get_size()
        self._limits.check_pixels(
            math.ceil(width_pt * scale),
            math.ceil(height_pt * scale),
            where,
            hint=f"render it below {self._dpi:g} dpi (--dpi), or raise max_pixels",
        )
        bitmap = page.render(scale=scale, rev_byteorder=True)
        try:
            image = np.array(bitmap.to_numpy()[:, :, :3])
        finally:
            bitmap.close()
        source = self._source
        return Page(source.name, number, image, source.sha256, dpi=self._dpi, text_layer=_text_layer(page))


def _text_layer(page: pdfium.PdfPage) -> str | None:
    """The text that the page carries, None where it carries none (a scan)."""
    try:
        layer = page.get_textpage()
    except pdfium.PdfiumError:
        return None
    try:
        text = str(layer.get_text_range())
    finally:
        layer.close()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    clean = "".join(c for c in lines if c >= " " or c in "\n\t")
    return clean.strip("\n") or None
