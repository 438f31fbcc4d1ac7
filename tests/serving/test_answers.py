"""Lines that an agent isn't sure enough of are left out, whatever kind of text they stand in."""

import pytest

from recto.documents.transcript import Finish, Line, Transcript
from recto.serving.answers import without_unsure

PAGE = (0.0, 0.0, 800.0, 1000.0)


def said(text: str, *lines: Line, is_markdown: bool = False) -> Transcript:
    return Transcript("a.png", 1, 800, 1000, text, lines, "vlm x", is_markdown=is_markdown)


CASES = {
    "rows by their places": (
        said(
            "A B\nC", Line("A", (0, 0, 9, 9), 0.9), Line("B", (20, 0, 29, 9), 0.2), Line("C", (0, 40, 9, 49))
        ),
        "A\nC",
    ),
    "text without places": (
        said("A\nB\nC", Line("A", PAGE, 0.9), Line("B", PAGE, 0.2), Line("C", PAGE, 0.8)),
        "A\nC",
    ),
    "Markdown": (
        said(
            "# A\n\nB\n\nC",
            Line("# A", (0, 0, 9, 9), 0.9),
            Line("B", PAGE, 0.2),
            Line("C", PAGE, 0.8),
            is_markdown=True,
        ),
        "# A\n\nC",
    ),
}


@pytest.mark.parametrize(("transcript", "text"), CASES.values(), ids=CASES)
def test_unsure_lines_are_left_out(transcript: Transcript, text: str) -> None:
    left = without_unsure(transcript, 0.5)
    assert left.text == text
    assert len(left.lines) == len(transcript.lines) - 1
    assert left.finish is Finish.COMPLETE


def test_sure_ones_stay_as_they_are() -> None:
    transcript = CASES["Markdown"][0]
    assert without_unsure(transcript, 0.1) is transcript


def test_nothing_that_is_sure_is_a_blank_page() -> None:
    left = without_unsure(said("A", Line("A", PAGE, 0.1)), 0.5)
    assert (left.text, left.lines, left.finish) == ("", (), Finish.BLANK)
