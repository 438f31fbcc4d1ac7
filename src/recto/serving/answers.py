"""Answers: what was read, as those get it who asked: whole Transcripts, text, or Markdown.

The dataclasses make the JSON, the pydantic models describe it in the OpenAPI. Nothing is read here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from recto.documents.markdown import to_markdown
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.documents.transcript import Finish, Transcript, TranscriptJson
from recto.engines.reading import PageFailure
from recto.serving.flow import PageReading
from recto.serving.models import Model
from recto.serving.problems import Problem, ProblemJson, problem_of
from recto.serving.routing import Route
from recto.settings.serving import Output

BETWEEN_PAGES = "\n\n"


class PageJson(TypedDict):
    """One page as JSON values: `transcript` or `text` as `output` says, or the problem."""

    page: int
    transcript: NotRequired[TranscriptJson]
    text: NotRequired[str]
    problem: NotRequired[ProblemJson]


class RouteJson(TypedDict):
    """Who reads, and why."""

    scope: str
    agent: str | None
    why: str


class ReadJson(TypedDict):
    """An answer as JSON values."""

    request_id: str
    document: str
    route: RouteJson
    release: str | None
    engine: str
    output: Output
    pages: list[PageJson]
    text: NotRequired[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What `model` read of one document, in `seconds` all in all, and why it was that model."""

    request_id: str
    document: str
    agent: str | None
    route: Route
    model: Model
    pages: tuple[PageReading, ...]
    seconds: float

    @property
    def output(self) -> Output:
        """What the route wants the answer to hold."""
        return self.route.agent.output if self.route.agent else "pages"

    @property
    def release(self) -> str | None:
        """The Release that read, None for base weights."""
        return None if self.model.release is None else str(self.model.release)

    def text(self, output: Output | None = None) -> str:
        """All pages that could be read as one text, or as Markdown."""
        kind = output or self.output
        return BETWEEN_PAGES.join(_text(page, kind) for page in self.pages if isinstance(page, Transcript))

    def to_json(self, output: Output | None = None) -> ReadJson:
        """The documented shape; `output` stands above what the route says."""
        kind = output or self.output
        answer: ReadJson = {
            "request_id": self.request_id,
            "document": self.document,
            "route": route_json(self.route, self.agent),
            "release": self.release,
            "engine": self.model.engine.label,
            "output": kind,
            "pages": pages_json(self.pages, kind),
            "seconds": round(self.seconds, 4),
        }
        if kind != "pages":
            answer["text"] = self.text(kind)
        return answer


def route_json(route: Route, agent: str | None) -> RouteJson:
    """Who reads, and why, as JSON values; `agent` is as the request names it."""
    return {"scope": route.scope, "agent": agent, "why": route.why}


def sure_only(transcript: Transcript, route: Route) -> Transcript:
    """The transcript as the route's agent wants it: without the lines that he isn't sure enough of."""
    return transcript if route.agent is None else without_unsure(transcript, route.agent.min_confidence)


def pages_json(pages: Sequence[PageReading], output: Output) -> list[PageJson]:
    """Pages as their answer holds them."""
    return [page_json(page, output) for page in pages]


def page_json(page: PageReading, output: Output) -> PageJson:
    """One page as its answer holds it."""
    if isinstance(page, PageFailure):
        return {"page": page.page or 1, "problem": problem_of(page.error)}
    if output == "pages":
        return {"page": page.page, "transcript": page.to_json()}
    return {"page": page.page, "text": _text(page, output)}


def without_unsure(transcript: Transcript, min_confidence: float) -> Transcript:
    """The transcript without the lines that were read less surely; its rows are made anew.

    Where the engine wrote Markdown, or named no places, each row of its text is a line: only those rows stay.
    """
    sure = [line.confidence is None or line.confidence >= min_confidence for line in transcript.lines]
    if all(sure):
        return transcript
    kept = tuple(compress(transcript.lines, sure))
    if transcript.is_markdown or not transcript.has_places:
        text = _without_rows(transcript.text, sure)
    else:
        text = text_of_rows(reading_rows(kept))
    return replace(transcript, lines=kept, text=text, finish=transcript.finish if kept else Finish.BLANK)


def _without_rows(text: str, sure: Sequence[bool]) -> str:
    """The text without the rows that aren't sure; empty ones part paragraphs and stay, once."""
    of_row = iter(sure)
    rows = (row for row in text.split("\n") if not row.strip() or next(of_row, True))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(rows)).strip("\n")


def _text(transcript: Transcript, output: Output) -> str:
    return to_markdown(transcript) if output == "markdown" else transcript.text


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WordModel(_Described):
    """How sure the engine is of one word."""

    confidence: float = Field(description="0 to 1: the probability that it gave to this very spelling")
    along: list[float] | None = Field(
        default=None,
        description="shares of the line's length at which it begins and ends, where known",
        min_length=2,
        max_length=2,
    )


class LineModel(_Described):
    """One line of text with its place."""

    text: str
    box: list[float] = Field(description="x0, y0, x1, y1 in pixels", min_length=4, max_length=4)
    confidence: float | None = Field(description="0 to 1")
    polygon: list[list[float]] | None = Field(default=None, description="corners x, y, where known")
    words: list[WordModel] | None = Field(
        default=None, description="one for each word of `text`, where the engine tells of them"
    )


class TranscriptModel(_Described):
    """What a page says: its text in reading order, and where each line stands."""

    document: str
    sha256: str = Field(description="of the whole file")
    page: int = Field(ge=1)
    width: int = Field(description="pixels of the upright page image")
    height: int
    dpi: float | None = Field(description="for pages of a PDF")
    text: str
    lines: list[LineModel]
    engine: str
    release: str | None
    finish: Literal["complete", "truncated", "repeating", "blank"]
    seconds: float
    markdown: bool = Field(default=False, description="whether `text` is Markdown as the engine wrote it")
    warnings: list[str] = Field(default=[], description="what went otherwise than asked for")


class PageModel(_Described):
    """One page: `transcript` or `text` as `output` says, or the `problem` that it alone has."""

    page: int = Field(ge=1)
    transcript: TranscriptModel | None = None
    text: str | None = None
    problem: Problem | None = None


class RouteModel(_Described):
    """Who reads, and why."""

    scope: str = Field(description="business type whose Release reads", examples=["legal"])
    agent: str | None = Field(examples=["legal"])
    why: str = Field(examples=["agent legal reads with scope legal"])


class ReadModel(_Described):
    """What was read of one document."""

    request_id: str
    document: str
    route: RouteModel
    release: str | None = Field(description="the Release that read; null: the base model", examples=["3"])
    engine: str
    output: Output
    pages: list[PageModel]
    text: str | None = Field(default=None, description="all pages, where `output` is text or markdown")
    seconds: float
