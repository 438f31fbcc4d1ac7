"""Composing: the pieces that templates are built of, in a house's type, and the PDF that they become.

reportlab's platypus breaks lines, sets tables and fills frames. Which pieces a document has is `templates`.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, HRFlowable, PageTemplate, Paragraph, Spacer
from reportlab.platypus import Table as PlatypusTable

from recto.datasets.synthesis.faces import MONOSPACED, register_faces
from recto.datasets.synthesis.houses import House

A4_PT = (210 * mm, 297 * mm)
_ALIGNMENTS = {"left": TA_LEFT, "right": TA_RIGHT, "centre": TA_CENTER, "justified": TA_JUSTIFY}
_LEADING = 1.25

Rule = tuple[object, ...]
"""One command of a platypus table style."""

Decorate = Callable[[Canvas], None]
"""Draws what stands outside the flow: letter heads, footers, coloured bands."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a paragraph is set; `size` and `after` (white below it) are shares of the body's size."""

    size: float = 1.0
    bold: bool = False
    align: str = "left"
    colour: Color = black
    indent_pt: float = 0.0
    after: float = 0.0


BODY = Setting()


@dataclass(frozen=True, slots=True)
class Paper:
    """A page: size and margins (left, top, right, bottom) in points, and what is drawn around."""

    size_pt: tuple[float, float] = A4_PT
    margins_pt: tuple[float, float, float, float] = (62, 56, 56, 56)
    decorate: Decorate | None = None

    @property
    def inner_pt(self) -> float:
        """The width between the margins."""
        return self.size_pt[0] - self.margins_pt[0] - self.margins_pt[2]


@dataclass(frozen=True, slots=True)
class Composed:
    """A document ready to be printed: its PDF, the fields as they are printed, and whether paper is cut
    below the last line (a till roll)."""

    pdf: bytes
    fields: dict[str, object]
    cut_margin_pt: float | None = None
    pages: int = 1


@dataclass(slots=True)
class Pen:
    """Collects the flow of one document in the type of `house`; `scale` shrinks everything."""

    house: House
    scale: float = 1.0
    flow: list[Flowable] = field(default_factory=list)

    @property
    def size_pt(self) -> float:
        """Size of the body."""
        return self.house.size_pt * self.scale

    @property
    def colour(self) -> Color:
        """The house's colour."""
        return HexColor(self.house.colour)

    def paragraph(self, text: str, face: Setting = BODY, *, markup: bool = False) -> Paragraph:
        """Text broken to the width that it gets; with `markup` reportlab's tags (<b>) are obeyed."""
        faces = self.house.faces
        register_faces()
        size = self.size_pt * face.size
        style = ParagraphStyle(
            "",
            fontName=faces.bold if face.bold else faces.regular,
            fontSize=size,
            leading=size * _LEADING,
            alignment=_ALIGNMENTS[self._aligned(face.align)],
            textColor=face.colour,
            leftIndent=face.indent_pt,
            spaceAfter=face.after * self.size_pt,
            splitLongWords=0,
        )
        return Paragraph(text if markup else escape(self.house.style(text)), style)

    def _aligned(self, align: str) -> str:
        """Nobody justifies type of one width: its blanks would be holes."""
        return "left" if align == "justified" and self.house.faces.breadth >= MONOSPACED else align

    def write(self, text: str, face: Setting = BODY, *, markup: bool = False) -> None:
        """Add a paragraph."""
        self.flow.append(self.paragraph(text, face, markup=markup))

    def space(self, lines: float = 1.0) -> None:
        """Leave white."""
        self.flow.append(Spacer(1, lines * self.size_pt * _LEADING))

    def rule(self, *, thick_pt: float = 0.7, dashed: bool = False, colour: Color = black) -> None:
        """A line across."""
        dash = (3, 2) if dashed else None
        self.flow.append(
            HRFlowable(width="100%", thickness=thick_pt, color=colour, dash=dash, spaceBefore=2, spaceAfter=3)
        )

    def table(
        self, rows: Sequence[Sequence[object]], widths_pt: Sequence[float], *rules: Rule
    ) -> PlatypusTable:
        """A table of texts (set on one line each) or flowables, not yet added; `rules` style it."""
        register_faces()
        faces = self.house.faces
        return PlatypusTable(
            [[self.house.style(cell) if isinstance(cell, str) else cell for cell in row] for row in rows],
            colWidths=list(widths_pt),
            style=[
                ("FONT", (0, 0), (-1, -1), faces.regular, self.size_pt, self.size_pt * _LEADING),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                *rules,
            ],
        )

    def add(self, *flowables: Flowable) -> None:
        """Add what is made already."""
        self.flow.extend(flowables)

    def bold(self, first: tuple[int, int], last: tuple[int, int]) -> Rule:
        """The rule that sets cells bold."""
        return ("FONTNAME", first, last, self.house.faces.bold)


def reversed_out(first: tuple[int, int], last: tuple[int, int], ground: Color) -> tuple[Rule, Rule]:
    """The rules that print cells white on `ground`."""
    return ("BACKGROUND", first, last, ground), ("TEXTCOLOR", first, last, white)


def bind(pen: Pen, paper: Paper) -> tuple[bytes, int]:
    """The PDF of what `pen` wrote on `paper`, and its number of pages."""
    left, top, _, bottom = paper.margins_pt
    inner = paper.size_pt[1] - top - bottom
    frame = Frame(left, bottom, paper.inner_pt, inner, 0, 0, 0, 0, id="page")
    out = io.BytesIO()
    book = BaseDocTemplate(out, pagesize=paper.size_pt, invariant=1)

    def decorated(canvas: Canvas, _: BaseDocTemplate) -> None:
        if paper.decorate:
            paper.decorate(canvas)

    book.addPageTemplates([PageTemplate(frames=[frame], onPage=decorated)])
    book.build(list(pen.flow))
    return out.getvalue(), int(book.page)
