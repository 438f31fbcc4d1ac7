"""What a page shows of a document: which lines are unsure, and which inputs its fields get."""

from dataclasses import replace

import pytest

from recto.corrections.consent import Consent
from recto.corrections.content import PageContent
from recto.corrections.documents import ReviewDocument, ReviewPage
from recto.corrections.place import Place
from recto.datasets.example import JsonValue
from recto.documents.transcript import Line
from recto.serving.keys import LOCAL_CALLER
from recto.serving.review.page_view import field_rows, line_rows, page_data
from recto.serving.review.visitor import Visitor
from recto.workspace.utc import now


def page(text: str | None, *lines: Line) -> ReviewPage:
    return ReviewPage(Place("0" * 64), PageContent("queued", text, lines), None, None, None, None)


def document(fields: dict[str, JsonValue], extraction: dict[str, JsonValue] | None = None) -> ReviewDocument:
    return ReviewDocument(
        "0" * 64, "a.png", "receipt", None, now(), (), fields, "v", extraction, Consent(True, True)
    )


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
    data = page_data(document({}), plain, Visitor(LOCAL_CALLER, "me", ""), None)
    assert data["has_lines"] is False
    assert data["lines"] == [
        {"text": text, "box": None, "polygon": None, "unsure": False} for text in ("one", "two")
    ]
    assert line_rows(page(None)) == []


def test_every_kind_of_field_has_its_input() -> None:
    found: dict[str, JsonValue] = {
        "date": "2023-01-01",
        "total": {"amount": "3.10", "currency": None},
        "items": [{"name": "pen"}],
        "paid": True,
        "seller": {"name": "A", "place": {"city": "B"}},
    }
    rows = field_rows(document({"date": "2024-01-01"}, {"values": found, "missing": ["number", "date"]}))
    assert [(row.label, row.text, row.kind, row.missing) for row in rows if row.name != "seller"] == [
        ("date", "2024-01-01", "text", False),
        ("total · amount", "3.10", "text", False),
        ("total · currency", "", "text", False),
        ("items", '[\n {\n  "name": "pen"\n }\n]', "json", False),
        ("paid", "true", "boolean", False),
        ("number", "", "text", True),
    ]
    assert [row.kind for row in rows if row.name == "seller"] == ["json"]
    assert field_rows(document({})) == []
