"""What a page shows of a document: which lines and words are unsure."""

from dataclasses import replace

import pytest

from recto.corrections.consent import Consent
from recto.corrections.content import PageContent
from recto.corrections.documents import ReviewDocument, ReviewPage
from recto.corrections.place import Place
from recto.documents.transcript import Line, Word
from recto.serving.keys import LOCAL_CALLER
from recto.serving.review.page_view import Piece, line_rows, page_data
from recto.serving.review.visitor import Visitor
from recto.workspace.utc import now


def page(text: str | None, *lines: Line) -> ReviewPage:
    return ReviewPage(Place("0" * 64), PageContent("queued", text, lines), None, None, None, None)


def document() -> ReviewDocument:
    return ReviewDocument("0" * 64, "a.png", "receipt", None, now(), (), {}, "v", None, Consent(True, True))


@pytest.mark.parametrize(("confidence", "unsure"), [(None, False), (0.95, False), (0.9, False), (0.89, True)])
def test_lines_of_which_the_model_is_not_sure_are_marked(confidence: float | None, unsure: bool) -> None:
    (row,) = line_rows(page("a", Line("a", (0, 0, 1, 1), confidence)))
    assert row.unsure == unsure


def test_lines_are_marked_by_what_their_confidence_means() -> None:
    told = replace(page("a", Line("a", (0, 0, 1, 1), 0.95), Line("b", (0, 0, 1, 1))), calibrated=(0.7, None))
    assert [(row.unsure, row.percent) for row in line_rows(told)] == [(True, 70), (False, 100)]


def test_a_text_without_lines_is_shown_row_by_row() -> None:
    plain = page("one\n\ntwo")
    assert [row.text for row in line_rows(plain)] == ["one", "two"]
    data = page_data(document(), plain, Visitor(LOCAL_CALLER, "me", ""), None)
    assert data["has_lines"] is False
    assert data["lines"] == [
        {"text": text, "box": None, "polygon": None, "unsure": False, "doubts": []} for text in ("one", "two")
    ]
    assert line_rows(page(None)) == []


def test_a_word_of_which_the_engine_is_not_sure_marks_its_line_as_well() -> None:
    words = (Word(0.99), Word(0.79, (0.5, 0.75)), Word(0.8))
    line = Line(" a  bad one", (0, 0, 100, 20), 0.97, words=words)
    (row,) = line_rows(page("a bad one", line))
    assert (row.unsure, row.percent, row.unsure_words) == (True, 79, ["bad"])
    assert row.pieces == (Piece(" a  "), Piece("bad", unsure=True), Piece(" one"))
    data = page_data(document(), page("a bad one", line), Visitor(LOCAL_CALLER, "me", ""), None)
    assert data["lines"][0]["doubts"] == [((50, 20), (75, 20))]  # type: ignore[index]


def test_the_figure_of_an_unsure_line_is_its_own_and_calibration_leaves_words_as_they_are() -> None:
    line = Line("a b", (0, 0, 1, 1), 0.97, words=(Word(0.99), Word(0.99)))
    (row,) = line_rows(replace(page("a b", line), calibrated=(0.6,)))
    assert (row.unsure, row.percent, row.unsure_words, row.pieces) == (True, 60, [], (Piece("a b"),))
