"""Sheet: what a file of another program says of one page: the image's name, its size, and the lines.

Coordinates are in the file's own unit; `Sheet.scaled` brings them to the pixels of the page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from recto.documents.along import part_of
from recto.documents.transcript import Box, Line, Polygon, Transcript, Word

Point = tuple[float, float]

_CORNERS = 4
_LARGEST = 1e7  # no page is as large in any unit; what is beyond is a slip or an attack


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page as a file tells of it.

    `image` is the name of its image in that file ("" where it names none), `number` its place in the file,
    from 1; `width` and `height` are in the file's unit, 0 where it doesn't say.
    """

    image: str
    number: int
    width: float
    height: float
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines in the file's order, one below the other."""
        return "\n".join(line.text for line in self.lines)

    @property
    def has_confidences(self) -> bool:
        """Whether any line says how sure its reader was: a machine's reading, then."""
        return any(line.confidence is not None for line in self.lines)

    def scaled(self, width: int, height: int) -> "Sheet":
        """The sheet with its coordinates in pixels of a page of this size."""
        x = width / self.width if self.width else 1.0
        y = height / self.height if self.height else 1.0
        whole = (0.0, 0.0, float(width), float(height))
        lines = tuple(_scaled(line, (x, y), whole) for line in self.lines)
        return replace(self, width=width, height=height, lines=lines)


Reader = Callable[[bytes], list[Sheet]]
"""The bytes of a file → its Sheets. Raises ValueError with one sentence on what is wrong."""


def lines_of(transcript: Transcript) -> list[Line]:
    """The lines that hold text; if there are none, the rows of the text, each with the whole page as box."""
    lines = [line for line in transcript.lines if line.text.strip()]
    if lines:
        return lines
    page = (0.0, 0.0, float(transcript.width), float(transcript.height))
    return [Line(row, page) for row in transcript.text.splitlines() if row.strip()]


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """One word of a line: its place, and how sure its reader was (of the line, if nothing else is known)."""

    text: str
    box: Box
    confidence: float | None


def words_of(line: Line) -> list[PlacedWord]:
    """The words of a line. Where no engine tells a word's place, it is the share of the line's length that
    its characters take: an estimate."""
    words = line.text.split()
    told = line.words or [Word(line.confidence) if line.confidence is not None else None] * len(words)
    length = max(1, len(" ".join(words)))
    out, at = [], 0
    for text, word in zip(words, told, strict=True):
        share = (at / length, (at + len(text)) / length)
        along = share if word is None or word.along is None else word.along
        out.append(PlacedWord(text, part_of(line, along), None if word is None else word.confidence))
        at += len(text) + 1
    return out


def bounds(points: Sequence[Point]) -> Box:
    """The smallest upright box around the points. Raises ValueError where there are none."""
    if not points:
        raise ValueError("an outline without points")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def polygon_along(points: Sequence[Point], along: Point = (1.0, 0.0)) -> Polygon | None:
    """Four corners, clockwise from the top left of a text that runs `along`; None for any other outline."""
    if len(points) != _CORNERS:
        return None
    around = list(zip(points, [*points[1:], points[0]], strict=True))
    turn = sum(ax * by - bx * ay for (ax, ay), (bx, by) in around)
    clockwise = list(points) if turn >= 0 else list(reversed(points))
    ahead = [
        (bx - ax) * along[0] + (by - ay) * along[1]
        for (ax, ay), (bx, by) in zip(clockwise, [*clockwise[1:], clockwise[0]], strict=True)
    ]
    start = ahead.index(max(ahead))
    return tuple(clockwise[start:] + clockwise[:start])


def coordinate(value: str) -> float:
    """A number that can be a place on a page. Raises ValueError."""
    number = float(value)
    if not isfinite(number) or abs(number) > _LARGEST:
        raise ValueError(f"{value[:20]} is no place on a page")
    return number


def share(value: str | None, whole: float = 1.0) -> float | None:
    """A confidence as 0-1, `value` being a part of `whole`; None where there is none, or one that is none."""
    try:
        number = float(value) / whole if value is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number <= 1 else None


def middle(shares: Sequence[float | None]) -> float | None:
    """The mean of the confidences that are known."""
    known = [one for one in shares if one is not None]
    return sum(known) / len(known) if known else None


def _scaled(line: Line, by: Point, whole: Box) -> Line:
    if line.box == (0.0, 0.0, 0.0, 0.0):  # a line of which the file tells no place
        return replace(line, box=whole)
    (x, y), (x0, y0, x1, y1) = by, line.box
    polygon = None if line.polygon is None else tuple((px * x, py * y) for px, py in line.polygon)
    return replace(line, box=(x0 * x, y0 * y, x1 * x, y1 * y), polygon=polygon)
