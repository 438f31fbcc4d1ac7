"""What a page shows of a document: rows of lines, and the data that its script works with."""

import re
from dataclasses import dataclass, replace

from recto.corrections.documents import ReviewDocument, ReviewPage
from recto.corrections.drafts import Draft
from recto.documents.along import foot_of
from recto.documents.transcript import Box, Line
from recto.serving.review.visitor import Visitor

UNSURE_BELOW = 0.9
"""A line that is less probably right than this is marked: calibrated where corrections allow it."""

WORD_UNSURE_BELOW = 0.8
"""A word that its engine gave less than this is marked, and its line with it: a line's own figure is a mean,
in which one bad word of many is lost. On 40 receipts and 12 forms, 7 % of the wrong lines had less than 0.9;
36 % and 57 % had such a word, as every tenth line has."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line's text: an `unsure` word, or what stands between two of them."""

    text: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line, whether it is `unsure`, and how sure: the line, or its least sure word (whole percent)."""

    text: str
    unsure: bool
    percent: int
    pieces: tuple[Piece, ...]

    @property
    def unsure_words(self) -> list[str]:
        """The words that are marked."""
        return [piece.text for piece in self.pieces if piece.unsure]


def line_rows(page: ReviewPage) -> list[LineRow]:
    """The lines of a page, or the rows of its text where it has none."""
    return [_row(line) for line in _lines(page)]


def page_data(
    document: ReviewDocument, page: ReviewPage, visitor: Visitor, draft: Draft | None
) -> dict[str, object]:
    """What the page's script needs; `width` and `height` are 0 where the image alone tells them."""
    reading = page.reading
    return {
        "id": document.sha256,
        "page": page.place.page,
        "version": page.content.version,
        "fields_version": document.fields_version,
        "width": reading.width if reading else 0,
        "height": reading.height if reading else 0,
        "has_lines": bool(page.content.lines),
        "lines": [_line_data(line) for line in _lines(page)],
        "reading": {"text": reading.text} if reading and reading.text.strip() else None,
        "draft": None if draft is None else {"version": draft.version, **draft.content},
        "author": visitor.author,
        "csrf": visitor.csrf,
        "corrects": visitor.corrects,
    }


def _lines(page: ReviewPage) -> tuple[Line, ...]:
    if page.calibrated is not None:
        pairs = zip(page.content.lines, page.calibrated, strict=True)
        return tuple(replace(line, confidence=sure) for line, sure in pairs)
    if page.content.lines:
        return page.content.lines
    nowhere: Box = (0.0, 0.0, 0.0, 0.0)
    return tuple(Line(row, nowhere) for row in (page.content.text or "").splitlines() if row.strip())


def _row(line: Line) -> LineRow:
    sure = 1.0 if line.confidence is None else line.confidence
    unsure = [word.confidence for word in line.words if word.confidence < WORD_UNSURE_BELOW]
    least = sure if sure < UNSURE_BELOW or not unsure else min(unsure)
    return LineRow(line.text, least < UNSURE_BELOW, round(100 * least), _pieces(line))


def _pieces(line: Line) -> tuple[Piece, ...]:
    """The text cut at its unsure words."""
    pieces, at = [], 0
    for found, word in zip(re.finditer(r"\S+", line.text), line.words, strict=False):
        if word.confidence < WORD_UNSURE_BELOW:
            pieces += [Piece(line.text[at : found.start()]), Piece(found[0], unsure=True)]
            at = found.end()
    return tuple(piece for piece in (*pieces, Piece(line.text[at:])) if piece.text)


def _line_data(line: Line) -> dict[str, object]:
    told = line.to_json()
    placed = any(line.box)
    doubts = [word.along for word in line.words if word.along and word.confidence < WORD_UNSURE_BELOW]
    return {
        "text": line.text,
        "box": told["box"] if placed else None,
        "polygon": told.get("polygon"),
        "unsure": _row(line).unsure,
        "doubts": [foot_of(line, along) for along in doubts],
    }
