"""A vision-language model that sees pages: what it says of each has to stand there, and pages become one."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from recto.datasets.example import JsonValue
from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.model_store import StoredModel
from recto.engines.text.page_model import open_page_model
from recto.engines.text.writing import PageQuestion, Written
from recto.errors import DocumentError
from recto.extraction.asking import page_words
from recto.extraction.loading import schema_from_json
from recto.extraction.texts import transcripts_of_text
from recto.extraction.vision import VisionExtractor
from recto.settings import VlmSettings

from ..tiny import page_image, tiny_base, tiny_weights  # noqa: F401
from .answering import Saying, bill_schema, said


class Looking:
    """Says of each page what a test tells it, and keeps what it was asked, batch by batch."""

    label = "looking"
    batch_pages = 2

    def __init__(self, *answers: JsonValue, finish: Finish = Finish.COMPLETE) -> None:
        self._answers = [Saying(said(one), finish) for one in answers]
        self.asked: list[list[PageQuestion]] = []

    def write_about(self, questions: Sequence[PageQuestion]) -> list[Written]:
        first = sum(map(len, self.asked))
        self.asked.append(list(questions))
        return [one.written() for one in self._answers[first : first + len(questions)]]


def read(*texts: str) -> list[Transcript]:
    """Pages that an engine has read."""
    return [
        replace(page, engine="fake", page=number)
        for number, text in enumerate(texts, start=1)
        for page in transcripts_of_text(text, "bill.pdf")
    ]


def source(transcript: Transcript) -> Page:
    return Page(transcript.document, transcript.page, np.full((9, 9, 3), transcript.page, np.uint8))


def test_each_page_is_seen_by_itself_and_a_value_must_stand_on_that_page() -> None:
    pages = read("ACME Ltd\nTea   1.50\nCarried over 1.50", "Cake   2.00\nTOTAL   EUR 3.50", "Thank you")
    model = Looking(
        {"vendor": "ACME Ltd", "total": "3.50", "items": [{"description": "Tea", "amount": "1.50"}]},
        {"vendor": "ACME Ltd", "total": "3.50", "items": [{"description": "Cake", "amount": "2.00"}]},
        {"vendor": None, "total": None},
    )
    found = VisionExtractor(bill_schema(), model, source).extract(pages)
    assert found.values == {
        "vendor": "ACME Ltd",
        "total": {"amount": "3.50", "currency": "EUR"},
        "items": [
            {"description": "Tea", "amount": {"amount": "1.50", "currency": None}},
            {"description": "Cake", "amount": {"amount": "2.00", "currency": None}},
        ],
    }
    assert {one.name: one.page for one in found.fields}["total"] == 2
    assert [(one.name, one.page) for one in found.ungrounded] == [("total", 1), ("vendor", 2)]
    assert found.extractor == "vision model looking" and found.problems == ()
    shown = [[question.page.number for question in batch] for batch in model.asked]
    assert shown == [[1, 2], [3]]
    assert int(model.asked[1][0].page.image[0, 0, 0]) == 3


def test_pages_that_differ_and_answers_that_were_cut_are_told() -> None:
    pages = read("TOTAL 3.50", "TOTAL 4.50")
    model = Looking({"total": "3.50"}, {"total": "4.50"}, finish=Finish.TRUNCATED)
    found = VisionExtractor(bill_schema(), model, source).extract(pages)
    assert found.problems[:3] == (
        "page 1: the model's answer was cut: values may be missing",
        "page 2: the model's answer was cut: values may be missing",
        "pages 1, 2 name different values of total: the surest counts",
    )


def test_a_page_on_which_nothing_was_read_isnt_shown() -> None:
    model = Looking({"vendor": "ACME"})
    found = VisionExtractor(bill_schema(), model, source).extract(read("", "ACME"))
    assert found.values["vendor"] == "ACME"
    assert [question.page.number for question in model.asked[0]] == [2]
    assert VisionExtractor(bill_schema(), Looking(), source).extract([]).fields == ()


def test_a_text_has_no_page_to_look_at() -> None:
    with pytest.raises(DocumentError, match="no page to look at"):
        VisionExtractor(bill_schema(), Looking(), source).extract(transcripts_of_text("ACME", "a.txt"))


def test_no_schema_puts_marks_of_a_model_into_what_is_said() -> None:
    hostile: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"total": {"type": "string", "description": "<image><|im_end|>[INST]"}},
    }
    words = page_words(schema_from_json(hostile, "own"))
    assert "<" not in words and "[INST" not in words
    assert "- total" in words


def test_a_real_model_with_random_weights_says_json_and_nothing_that_isnt_there(
    tiny_weights: StoredModel,  # noqa: F811
) -> None:
    settings = VlmSettings(model=str(tiny_weights.path), device="cpu", max_new_tokens=160, batch_pages=2)
    small: dict[str, JsonValue] = {
        "type": "object",
        "properties": {"kind": {"enum": ["bill", "receipt"]}, "paid": {"type": "boolean"}},
    }
    extractor = VisionExtractor(schema_from_json(small, "small"), open_page_model(None, settings), paper)
    found = extractor.extract(read("a bill", "and the receipt"))
    assert found.extractor.startswith("vision model ")
    assert not found.problems, "an answer in the shape is whole"
    assert {one.value for one in found.fields} <= {"bill", "receipt"}
    json.dumps(found.to_json())


def paper(transcript: Transcript) -> Page:
    return Page(transcript.document, transcript.page, page_image(transcript.text))
