"""Transcript: what an Engine or a person says that a Page contains, and its one JSON shape.

It knows nothing of how it was read; `documents/markdown` turns it into Markdown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NotRequired, TypedDict

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright page image."""

Polygon = tuple[tuple[float, float], ...]
"""Corner points x, y in pixels of the upright page image, clockwise from the top left of the text."""


class Finish(StrEnum):
    """How a reading ended."""

    COMPLETE = "complete"
    TRUNCATED = "truncated"
    REPEATING = "repeating"
    BLANK = "blank"


class WordJson(TypedDict):
    """A Word as JSON; `along` is there only where it is known."""

    confidence: float
    along: NotRequired[list[float]]


class LineJson(TypedDict, total=False):
    """A Line as JSON; `words` are there only where the engine tells of them."""

    text: str
    box: list[float]
    polygon: list[list[float]]
    confidence: float | None
    words: list[WordJson]


class TranscriptJson(TypedDict):
    """A Transcript as JSON: the shape that crosses folders, files and HTTP."""

    document: str
    sha256: str
    page: int
    width: int
    height: int
    dpi: float | None
    text: str
    lines: list[LineJson]
    engine: str
    release: str | None
    finish: str
    seconds: float
    markdown: NotRequired[bool]
    warnings: NotRequired[list[str]]


@dataclass(frozen=True, slots=True)
class Word:
    """How sure an engine is of one word: the probability, 0–1, that it gave to this very spelling.

    `along` are the shares (0–1) of the line's length at which the word begins and ends; None: not known.
    The word itself stands in its Line.
    """

    confidence: float
    along: tuple[float, float] | None = None

    def to_json(self) -> WordJson:
        """The word as JSON values."""
        out: WordJson = {"confidence": round(self.confidence, 4)}
        if self.along is not None:
            out["along"] = [round(share, 4) for share in self.along]
        return out


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text with its place; `confidence` 0–1, None where a person or a label said it.

    A line whose place isn't known has the whole page as its box. `words` has one Word for each of
    `text.split()`, in that order, or none where nobody tells of single words.
    """

    text: str
    box: Box
    confidence: float | None = None
    polygon: Polygon | None = None
    words: tuple[Word, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for other `words` than the text has."""
        if self.words and len(self.words) != len(self.text.split()):
            raise ValueError(f"the line has {len(self.text.split())} words, and `words` {len(self.words)}")

    def to_json(self) -> LineJson:
        """The line as JSON values, rounded to what a pixel and a probability deserve."""
        out: LineJson = {"text": self.text, "box": [round(v, 1) for v in self.box]}
        out["confidence"] = None if self.confidence is None else round(self.confidence, 4)
        if self.polygon is not None:
            out["polygon"] = [[round(x, 1), round(y, 1)] for x, y in self.polygon]
        if self.words:
            out["words"] = [word.to_json() for word in self.words]
        return out


@dataclass(frozen=True, slots=True)
class Transcript:
    """What `engine` (name and version) says that page `page` of `document` contains.

    `text` holds the lines in reading order, one printed row per line; `seconds` is the reading time of
    this page (its share of a batch); `release` names the Release that read it, None for base weights.
    `is_markdown` says that `text` is Markdown as the engine wrote it. `warnings` tell what went otherwise
    than asked for, such as that the page had to be read again. JSON has both only where they say something.
    """

    document: str
    page: int
    width: int
    height: int
    text: str
    lines: tuple[Line, ...]
    engine: str
    finish: Finish = Finish.COMPLETE
    seconds: float = 0.0
    sha256: str = ""
    dpi: float | None = None
    release: str | None = None
    is_markdown: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def has_places(self) -> bool:
        """Whether it is known of any line where on the page it stands."""
        page = (0.0, 0.0, float(self.width), float(self.height))
        return any(line.box != page for line in self.lines)

    def to_json(self) -> TranscriptJson:
        """The documented JSON shape."""
        out: TranscriptJson = {
            "document": self.document,
            "sha256": self.sha256,
            "page": self.page,
            "width": self.width,
            "height": self.height,
            "dpi": self.dpi,
            "text": self.text,
            "lines": [line.to_json() for line in self.lines],
            "engine": self.engine,
            "release": self.release,
            "finish": self.finish.value,
            "seconds": round(self.seconds, 4),
        }
        if self.is_markdown:
            out["markdown"] = True
        if self.warnings:
            out["warnings"] = list(self.warnings)
        return out


def line_from_json(value: LineJson) -> Line:
    """A Line from its JSON shape. Raises KeyError or ValueError on a wrong shape."""
    polygon, words = value.get("polygon"), value.get("words") or []
    return Line(
        text=value["text"],
        box=_box(value["box"]),
        confidence=value.get("confidence"),
        polygon=None if polygon is None else tuple((p[0], p[1]) for p in polygon),
        words=tuple(_word(word) for word in words),
    )


def transcript_from_json(value: TranscriptJson) -> Transcript:
    """A Transcript from its JSON shape. Raises KeyError or ValueError on a wrong shape."""
    return Transcript(
        document=value["document"],
        page=value["page"],
        width=value["width"],
        height=value["height"],
        text=value["text"],
        lines=tuple(line_from_json(line) for line in value["lines"]),
        engine=value["engine"],
        finish=Finish(value["finish"]),
        seconds=value["seconds"],
        sha256=value["sha256"],
        dpi=value["dpi"],
        release=value["release"],
        is_markdown=value.get("markdown", False),
        warnings=tuple(value.get("warnings", ())),
    )


def _word(value: WordJson) -> Word:
    along = value.get("along")
    return Word(value["confidence"], None if along is None else (along[0], along[1]))


def _box(values: Sequence[float]) -> Box:
    x0, y0, x1, y1 = values
    return (float(x0), float(y0), float(x1), float(y1))
