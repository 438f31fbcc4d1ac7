"""Printing: a laid-out PDF page → pixels, and each line of its text with the exact place of its print.

Text and places come from the PDF's own text objects, as PDFium sets them: what reportlab drew in one go is
one object. Objects that continue each other on a base line become one Line, as a reader sees it.
"""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pypdfium2 as pdfium
from pypdfium2 import raw

from recto.documents.page import Image
from recto.documents.pdf import pdfium_lock
from recto.documents.transcript import Line

_POINTS_PER_INCH = 72
_BLANK_EM = 0.4
"""Pieces this far apart are cells with a blank between them; Courier leaves 0.35 around a comma."""
_APART_EM = 0.9
"""Further apart than this they are two Lines: justified blanks are narrower, gutters of tables wider."""
_SAME_BASELINE_EM = 0.05
_LOWEST_EM = 0.45
"""A Line is at least as high as a small letter, so that a lone dash has a place in its row."""
_PAD_PX = 1.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printed page without wear: RGB pixels, and its Lines in the order in which they were drawn."""

    image: Image
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text object in points, y upwards: from `left` to `right`, `bottom` to `top`, on `baseline`."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    baseline: float
    size: float


def print_page(pdf: bytes, dpi: float, *, cut_margin_pt: float | None = None) -> Sheet:
    """The first page of `pdf` at `dpi`; with `cut_margin_pt` the paper ends that far below the last line."""
    with pdfium_lock:
        document = pdfium.PdfDocument(pdf)
        try:
            page = document[0]
            pieces = list(_joined(_pieces(page)))
            height = page.get_height()
            cut = 0.0
            if cut_margin_pt is not None:
                cut = max(min(piece.bottom for piece in pieces) - cut_margin_pt, 0.0)
            scale = dpi / _POINTS_PER_INCH
            bitmap = page.render(scale=scale, rev_byteorder=True, crop=(0, cut, 0, 0))
            image = np.array(bitmap.to_numpy()[:, :, :3])
            bitmap.close()
        finally:
            document.close()
    return Sheet(image, tuple(_line(piece, height, scale) for piece in pieces))


def _pieces(page: pdfium.PdfPage) -> Iterator[_Piece]:
    layer = page.get_textpage()
    try:
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            size_bytes = raw.FPDFTextObj_GetText(item, layer, None, 0)
            units = (ctypes.c_ushort * (size_bytes // 2))()
            raw.FPDFTextObj_GetText(item, layer, units, size_bytes)
            text = bytes(units).decode("utf-16-le").rstrip("\0")
            if not text.strip():
                continue
            left, bottom, right, top = item.get_bounds()
            matrix = item.get_matrix()
            size = ctypes.c_float()
            raw.FPDFTextObj_GetFontSize(item, size)
            yield _Piece(text, left, bottom, right, top, matrix.f, size.value * abs(matrix.d))
    finally:
        layer.close()


def _joined(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Pieces that follow each other closely on one base line as one; outer blanks are dropped."""
    current: _Piece | None = None
    for piece in pieces:
        if current is None:
            current = piece
        elif _continues(current, piece):
            current = _join(current, piece)
        else:
            yield current
            current = piece
    if current is not None:
        yield current


def _continues(before: _Piece, after: _Piece) -> bool:
    em = max(before.size, after.size)
    gap = after.left - before.right
    level = abs(after.baseline - before.baseline) < _SAME_BASELINE_EM * em
    return level and -0.2 * em < gap < _APART_EM * em


def _join(before: _Piece, after: _Piece) -> _Piece:
    gap = after.left - before.right
    text = before.text + after.text
    if before.text[-1:] != " " and after.text[:1] != " " and gap > _BLANK_EM * max(before.size, after.size):
        text = f"{before.text} {after.text}"
    return _Piece(
        text,
        before.left,
        min(before.bottom, after.bottom),
        after.right,
        max(before.top, after.top),
        before.baseline,
        max(before.size, after.size),
    )


def _line(piece: _Piece, height_pt: float, scale: float) -> Line:
    top = max(piece.top, piece.baseline + _LOWEST_EM * piece.size)
    bottom = min(piece.bottom, piece.baseline)
    return Line(
        " ".join(piece.text.split()),
        (
            piece.left * scale - _PAD_PX,
            (height_pt - top) * scale - _PAD_PX,
            piece.right * scale + _PAD_PX,
            (height_pt - bottom) * scale + _PAD_PX,
        ),
    )
