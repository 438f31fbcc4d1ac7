"""Grounding: what a model writes with places in it → pieces of text with boxes in pixels of the page.

DeepSeek-OCR marks places as `<|ref|>words<|/ref|><|det|>[[x0,y0,x1,y1],…]<|/det|>`. When it reads lines, the
words are the text itself; when it writes Markdown, they name the kind of block (title, text, table, image)
and its text follows. Models break their own marks, so nothing here fails: what isn't a place stays text, and
no text is lost.

Numbers go from 0 to 999 over the width and height of the page as it is, and not of the padded square that the
model looks at: both of DeepSeek's own programs draw them so, and a page of 1225 × 405 px got a box that goes
from 860 to 970 down and is right (deepseek-ai/DeepSeek-OCR, issue 189); in the square it would end at 664.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from recto.documents.transcript import Box, Line, Word

FULL_SCALE = 999.0

_MARK = re.compile(r"<\|(/?ref|/?det|grounding)\|>")
_LIST = r"\[[\s,.\d+-]*\]"
_NUMBERS = re.compile(  # whole, without the outer brackets, or broken
    rf"\s*(?:\[\s*(?:{_LIST}[\s,]*)+(?:\]|\[[\s,.\d+-]*$)?|{_LIST}|\[[\s\[\],.\d+-]*)"
)
_BOX = re.compile(r"\[([^\[\]]*)\]")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?")
_KIND = re.compile(r"[a-z][a-z_ -]{0,29}")
_WORD = re.compile(r"\S+")
_ROW = re.compile(r"[^\n]*\S[^\n]*")
_CONTROL = dict.fromkeys([*range(9), *range(11, 32), 127])  # tab and new line stay

Likelihood = Callable[[int, int], Sequence[float] | None]
"""From a first to behind a last character of an answer to the natural logarithms of the probabilities that
the model gave to the tokens which wrote it; None where that isn't known."""


class Style(StrEnum):
    """What the words in a `<|ref|>` are."""

    LINES = "lines"
    """The text itself."""

    FINDS = "finds"
    """What was looked for; each of its boxes is a place where it was found."""

    BLOCKS = "blocks"
    """The kind of a block, whose text follows."""


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` with its `boxes` in thousandths of the page, none where the model said none.

    `start` and `end` are the characters of the answer that the text was cut from. `kind` is what the model
    calls a block, "" elsewhere. A picture is a piece without text.
    """

    text: str
    start: int
    end: int
    boxes: tuple[Box, ...] = ()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What stands between two marks; `after` is the mark before it, "" at the beginning."""

    text: str
    start: int
    after: str = ""

    def piece(self, boxes: tuple[Box, ...] = (), kind: str = "") -> Piece:
        text = self.text.strip("\n").rstrip()
        start = self.start + self.text.find(text)
        return Piece(text, start, start + len(text), boxes, kind)


def pieces_of(answer: str, style: Style) -> list[Piece]:
    """The pieces of an answer, in the order in which they were written."""
    pieces = _blocks(answer) if style is Style.BLOCKS else _lines(answer)
    return [piece for piece in pieces if piece.text or piece.boxes]


def text_of(pieces: Sequence[Piece], style: Style) -> str:
    """What was written, without marks and control characters: a line each, or paragraphs of Markdown."""
    between = "\n\n" if style is Style.BLOCKS else "\n"
    return between.join(piece.text for piece in pieces if piece.text).translate(_CONTROL)


def lines_of(
    pieces: Sequence[Piece], style: Style, size: tuple[int, int], likelihood: Likelihood
) -> list[Line]:
    """The rows of all pieces as Lines on a page of `size` (width and height in pixels).

    A row's box is the smallest place that the model has named for it: that of its block, which other rows
    share, or the whole page where it named none. A row is as sure as its tokens are on average (geometric
    mean), a word as all of its tokens together.
    """
    lines: list[Line] = []
    for piece in pieces:
        boxes = [_in_pixels(box, size) for box in piece.boxes] or [(0.0, 0.0, float(size[0]), float(size[1]))]
        places = boxes if style is Style.FINDS else [_around(boxes)]
        for row in _ROW.finditer(piece.text):
            told = likelihood(piece.start + row.start(), piece.start + row.end())
            confidence = None if told is None else _probability(sum(told) / max(len(told), 1))
            text = row[0].translate(_CONTROL).strip()
            words = _words(row, piece.start, likelihood)
            known = words if len(words) == len(text.split()) else ()
            lines += [Line(text, box, confidence, words=known) for box in places if text]
    return lines


def _words(row: re.Match[str], start: int, likelihood: Likelihood) -> tuple[Word, ...]:
    """How sure the model was of each word of a row in a piece that starts at `start`; none where unknown."""
    found = [word.span() for word in _WORD.finditer(row[0]) if word[0].translate(_CONTROL)]
    told = [likelihood(start + row.start() + first, start + row.start() + end) for first, end in found]
    return tuple(Word(_probability(sum(one))) for one in told if one is not None)


def _probability(logarithm: float) -> float:
    return min(math.exp(logarithm), 1.0)  # servers round, and some get beyond it


def _lines(answer: str) -> Iterator[Piece]:
    """Each stretch of text is a piece; boxes belong to the text before them."""
    last = Piece("", 0, 0)
    for stretch in _stretches(answer):
        boxes, rest = _boxes_and_rest(stretch)
        last = replace(last, boxes=last.boxes + boxes) if last.text else last
        piece = rest.piece()
        if piece.text:
            yield last
            last = piece
    yield last


def _blocks(answer: str) -> Iterator[Piece]:
    """Kind and boxes belong to all text that follows, up to the next kind."""
    named, used = _Stretch("", 0), True
    boxes: tuple[Box, ...] = ()
    for stretch in _stretches(answer):
        if stretch.after == "ref":
            yield from () if used else _bare(named, boxes)
            named, boxes, used = stretch, (), False
            continue
        more, rest = _boxes_and_rest(stretch)
        boxes += more
        piece = rest.piece(boxes, named.text.strip())
        if piece.text:
            yield from () if used or _is_kind(named) else _bare(named, ())
            used = True
            yield piece
    yield from () if used else _bare(named, boxes)


def _bare(named: _Stretch, boxes: tuple[Box, ...]) -> Iterator[Piece]:
    """A block without text: a picture, or words that are no kind and thus the text itself."""
    if _is_kind(named):
        yield Piece("", named.start, named.start, boxes, named.text.strip())
    else:
        yield named.piece(boxes)


def _is_kind(named: _Stretch) -> bool:
    return not named.text.strip() or bool(_KIND.fullmatch(named.text.strip()))


def _stretches(answer: str) -> Iterator[_Stretch]:
    start, after = 0, ""
    for mark in _MARK.finditer(answer):
        yield _Stretch(answer[start : mark.start()], start, after)
        start, after = mark.end(), mark[1]
    yield _Stretch(answer[start:], start, after)


def _boxes_and_rest(stretch: _Stretch) -> tuple[tuple[Box, ...], _Stretch]:
    """The boxes at the beginning of what follows a `<|det|>`, and what is no part of them."""
    numbers = _NUMBERS.match(stretch.text) if stretch.after == "det" else None
    end = numbers.end() if numbers else 0
    found = [_box(inner[1]) for inner in _BOX.finditer(stretch.text[:end])]
    boxes = tuple(box for box in found if box is not None)
    return boxes, _Stretch(stretch.text[end:], stretch.start + end)


def _box(numbers: str) -> Box | None:
    """Four numbers as a box with its corners in order, clipped to the page; None if nothing is left of it."""
    values = [min(max(float(number), 0.0), FULL_SCALE) for number in _NUMBER.findall(numbers)]
    if len(values) != 4:
        return None
    (x0, x1), (y0, y1) = sorted(values[::2]), sorted(values[1::2])
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _in_pixels(box: Box, size: tuple[int, int]) -> Box:
    across, down = size[0] / FULL_SCALE, size[1] / FULL_SCALE
    return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)


def _around(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))
