"""Searchable PDF: every page as its picture, and its text, invisible, where it stands in the picture.

The pictures are JPEGs of the pages as they were read (a PDF's pages rendered), so what was vector art is
pixels afterwards. Lines are stretched to their boxes, words between them are estimates. Any script can be
searched and copied: the font has one box for all, and a table of the characters that the document uses.
Text that runs from right to left stands in the order in which it is seen, as PDF wants it; brackets in it
are found mirrored.
"""

from collections.abc import Iterable
from io import BytesIO
from math import atan2, cos, dist, sin
from typing import BinaryIO, Self

import pikepdf
from bidi import get_display
from pikepdf import Array, Dictionary, Name
from PIL import Image as PillowImage

from recto.documents.formats.hidden_font import (
    ADVANCE,
    ASCENT,
    DESCENT,
    FONT_NAME,
    UNITS,
    character_table,
    font_program,
)
from recto.documents.formats.sheet import lines_of
from recto.documents.page import Image
from recto.documents.transcript import Line, Transcript
from recto.errors import OutputError

_FONT = Name(f"/{FONT_NAME}")
_POINTS_PER_INCH = 72
_DPI = 200.0  # of pages that don't say
_QUALITY = 85
_MOST_POINTS = 14_400.0  # the longest side that readers of PDF accept (ISO 32000-1, annex C)
_MOST_CHARACTERS = 65_534  # codes have two bytes, and 0 is no character


class SearchablePdf:
    """A PDF that grows page by page; `save` writes it, `close` lets go of it."""

    def __init__(self) -> None:
        self._pdf = pikepdf.new()
        self._codes: dict[str, int] = {}
        self._font = self._pdf.make_indirect(Dictionary(Type=Name.Font))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pdf.close()

    def add(self, image: Image, transcript: Transcript) -> None:
        """One page. Raises OutputError for more characters, all different, than a font can hold."""
        height, width = image.shape[:2]
        scale = _POINTS_PER_INCH / (transcript.dpi or _DPI)
        scale = min(scale, _MOST_POINTS / max(width, height))
        page = self._pdf.add_blank_page(page_size=(width * scale, height * scale))
        page.Resources = Dictionary(
            XObject=Dictionary(Picture=self._picture(image)), Font=Dictionary(Text=self._font)
        )
        picture = f"q {width * scale:.3f} 0 0 {height * scale:.3f} 0 0 cm /Picture Do Q"
        shown = [self._shown(line, scale, height) for line in lines_of(transcript)]
        page.Contents = self._pdf.make_stream("\n".join([picture, "BT 3 Tr", *shown, "ET"]).encode("ascii"))

    def save(self, stream: BinaryIO) -> None:
        """Write the document, with the table of the characters that it uses."""
        self._finish_font()
        self._pdf.save(stream, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)

    def _picture(self, image: Image) -> pikepdf.Object:
        height, width = image.shape[:2]
        jpeg = BytesIO()
        PillowImage.fromarray(image).save(jpeg, "JPEG", quality=_QUALITY)
        stream = self._pdf.make_stream(jpeg.getvalue())
        stream.Type, stream.Subtype, stream.Filter = Name.XObject, Name.Image, Name.DCTDecode
        stream.Width, stream.Height = width, height
        stream.ColorSpace, stream.BitsPerComponent = Name.DeviceRGB, 8
        return stream

    def _shown(self, line: Line, scale: float, page_height: int) -> str:
        """The operators that set a line: its place and slope, its size, its stretch, its characters."""
        (left, top), along, down = _frame(line)
        size = max(1.0, down * scale)
        text = get_display(" ".join(line.text.split()))
        stretch = 100 * along * scale / (len(text) * size * ADVANCE / UNITS)
        angle = _angle(line)
        x = (left - sin(angle) * down * ASCENT / UNITS) * scale
        y = (page_height - top - cos(angle) * down * ASCENT / UNITS) * scale
        matrix = f"{cos(angle):.5f} {-sin(angle):.5f} {sin(angle):.5f} {cos(angle):.5f} {x:.3f} {y:.3f} Tm"
        codes = "".join(f"{self._code(one):04X}" for one in text)
        return f"/Text {size:.3f} Tf {min(max(stretch, 1), 10_000):.3f} Tz {matrix} <{codes}> Tj"

    def _code(self, character: str) -> int:
        code = self._codes.setdefault(character, len(self._codes) + 1)
        if code > _MOST_CHARACTERS:
            raise OutputError(
                f"a searchable PDF holds {_MOST_CHARACTERS:,} different characters at most",
                hint="write it as hOCR or ALTO",
            )
        return code

    def _finish_font(self) -> None:
        program = self._pdf.make_stream(font_program())
        program.Length1 = len(font_program())
        descriptor = Dictionary(
            Type=Name.FontDescriptor, FontName=_FONT, Flags=4, FontBBox=Array([0, DESCENT, ADVANCE, ASCENT]),
            ItalicAngle=0, Ascent=ASCENT, Descent=DESCENT, CapHeight=ASCENT, StemV=80, FontFile2=program,
        )  # fmt: skip
        inner = Dictionary(
            Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=_FONT, DW=ADVANCE,
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            CIDToGIDMap=self._pdf.make_stream(b"\0\1" * (len(self._codes) + 1)),
            FontDescriptor=self._pdf.make_indirect(descriptor),
        )  # fmt: skip
        self._font.Subtype, self._font.BaseFont = Name.Type0, _FONT
        self._font.Encoding = Name("/Identity-H")
        self._font.DescendantFonts = Array([self._pdf.make_indirect(inner)])
        self._font.ToUnicode = self._pdf.make_stream(character_table(self._codes))


def searchable_pdf(pages: Iterable[tuple[Image, Transcript]], stream: BinaryIO) -> None:
    """Write the pages of one document. Raises OutputError as `SearchablePdf.add` does."""
    with SearchablePdf() as pdf:
        for image, transcript in pages:
            pdf.add(image, transcript)
        pdf.save(stream)


def _frame(line: Line) -> tuple[tuple[float, float], float, float]:
    """The top left corner of the text, how far it runs, and how high it is; all in pixels."""
    if line.polygon is not None and len(line.polygon) == 4:
        start, end, _, below = line.polygon
        return start, max(dist(start, end), 1.0), max(dist(start, below), 1.0)
    x0, y0, x1, y1 = line.box
    return (x0, y0), max(x1 - x0, 1.0), max(y1 - y0, 1.0)


def _angle(line: Line) -> float:
    """By how much the line falls to the right, in radians, pixels growing downwards."""
    if line.polygon is None or len(line.polygon) != 4:
        return 0.0
    (x0, y0), (x1, y1) = line.polygon[:2]
    return atan2(y1 - y0, x1 - x0)
