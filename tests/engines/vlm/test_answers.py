"""Answers become Transcripts: text, lines, how it ended."""

import math

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Finish
from recto.engines.vlm.answers import blank, guarded, style_of, transcript_of
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.grounding import Style
from recto.engines.vlm.tasks import Task

PAGE = Page("a.png", 3, np.full((200, 100, 3), 255, np.uint8), sha256="ab", dpi=72.0)
DEEPSEEK, QWEN = ARCHITECTURES["deepseek-ocr-2"], ARCHITECTURES["qwen2.5-vl"]


def half(start: int, end: int) -> list[float]:
    return [math.log(0.5)]


@pytest.mark.parametrize(
    ("task", "deepseek", "qwen"),
    [
        (Task.MARKDOWN, Style.BLOCKS, Style.BLOCKS),
        (Task.FIGURE, Style.BLOCKS, Style.BLOCKS),
        (Task.OCR, Style.LINES, Style.LINES),
        (Task.TEXT, Style.LINES, Style.LINES),
        (Task.DESCRIBE, Style.LINES, Style.LINES),
        (Task.LOCATE, Style.FINDS, Style.LINES),
    ],
)
def test_what_a_task_answers_in(task: Task, deepseek: Style, qwen: Style) -> None:
    assert (style_of(DEEPSEEK, task), style_of(QWEN, task)) == (deepseek, qwen)


def test_markdown_stays_markdown_and_its_rows_have_places() -> None:
    written = "<|ref|>title<|/ref|><|det|>[[0, 0, 999, 999]]<|/det|>\n# A_b\n\nfree"
    transcript = transcript_of(
        PAGE, guarded(written, half, was_cut=False), Style.BLOCKS, engine="vlm x", seconds=2.0
    )
    assert (transcript.text, transcript.is_markdown) == ("# A_b\n\nfree", True)
    assert [(line.text, line.box, line.confidence) for line in transcript.lines] == [
        ("# A_b", (0, 0, 100, 200), 0.5),
        ("free", (0, 0, 100, 200), 0.5),
    ]
    assert (transcript.document, transcript.page, transcript.sha256, transcript.dpi) == ("a.png", 3, "ab", 72)
    assert (transcript.engine, transcript.seconds, transcript.finish) == ("vlm x", 2.0, Finish.COMPLETE)


def test_text_without_places_has_the_whole_page() -> None:
    answer = guarded("one\ntwo", half, was_cut=False)
    transcript = transcript_of(PAGE, answer, Style.LINES, engine="vlm x", seconds=0.0)
    assert not transcript.is_markdown
    assert [(line.text, line.box) for line in transcript.lines] == [
        ("one", (0, 0, 100, 200)),
        ("two", (0, 0, 100, 200)),
    ]


@pytest.mark.parametrize(
    ("text", "was_cut", "finish", "left"),
    [
        ("all of it", False, Finish.COMPLETE, "all of it"),
        ("half of", True, Finish.TRUNCATED, "half of"),
        ("Sum 9.00\n" + "and so on, and on\n" * 10, False, Finish.REPEATING, "Sum 9.00\nand so on, and on"),
        ("", False, Finish.BLANK, ""),
        ("<|ref|>image<|/ref|><|det|>[[1, 2, 3, 4]]<|/det|>", False, Finish.BLANK, ""),
    ],
)
def test_how_it_ended(text: str, was_cut: bool, finish: Finish, left: str) -> None:
    answer = guarded(text, half, was_cut=was_cut)
    transcript = transcript_of(PAGE, answer, Style.BLOCKS, engine="vlm x", seconds=0.0)
    assert (transcript.finish, transcript.text) == (finish, left)


def test_a_blank_page_has_nothing_on_it() -> None:
    transcript = blank(PAGE, Style.BLOCKS, engine="vlm x")
    assert (transcript.finish, transcript.text, transcript.lines) == (Finish.BLANK, "", ())
