"""Answers: what a vision-language model wrote about a page → its Transcript; for models here and in servers.

Nothing heavy is imported here.
"""

from dataclasses import dataclass, field

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.vlm.architectures import Architecture
from recto.engines.vlm.grounding import Likelihood, Style, lines_of, pieces_of, text_of
from recto.engines.vlm.loops import find_loop
from recto.engines.vlm.tasks import Task, is_grounded

_IN_MARKDOWN = frozenset({Task.MARKDOWN, Task.FIGURE})


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` with its marks of places, how its writing ended, and the `likelihood` of parts of it."""

    text: str
    finish: Finish
    likelihood: Likelihood = field(repr=False)


def style_of(architecture: Architecture, task: Task) -> Style:
    """How the answers to `task` are to be taken apart; those in BLOCKS are Markdown."""
    if task in _IN_MARKDOWN:
        return Style.BLOCKS
    return Style.FINDS if task is Task.LOCATE and is_grounded(architecture, task) else Style.LINES


def guarded(text: str, likelihood: Likelihood, *, was_cut: bool) -> Answer:
    """The answer `text`, without the rounds of a loop that it ends in; `was_cut` where it was too long."""
    if loop := find_loop(text, was_cut=was_cut):
        return Answer(text[: loop.end], Finish.REPEATING, likelihood)
    return Answer(text, Finish.TRUNCATED if was_cut else Finish.COMPLETE, likelihood)


def transcript_of(page: Page, answer: Answer, style: Style, *, engine: str, seconds: float) -> Transcript:
    """The Transcript of `page`. Lines that the model gave no place have the whole page as their box."""
    pieces = pieces_of(answer.text, style)
    text = text_of(pieces, style)
    said_nothing = answer.finish is Finish.COMPLETE and not text
    return Transcript(
        document=page.document,
        page=page.number,
        width=page.width,
        height=page.height,
        text=text,
        lines=tuple(lines_of(pieces, style, (page.width, page.height), answer.likelihood)),
        engine=engine,
        finish=Finish.BLANK if said_nothing else answer.finish,
        seconds=seconds,
        sha256=page.sha256,
        dpi=page.dpi,
        is_markdown=style is Style.BLOCKS,
    )


def blank(page: Page, style: Style, *, engine: str, seconds: float = 0.0) -> Transcript:
    """The Transcript of a page without ink, which no model is asked about."""
    nothing = Answer("", Finish.COMPLETE, lambda start, end: ())
    return transcript_of(page, nothing, style, engine=engine, seconds=seconds)
