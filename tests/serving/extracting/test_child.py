"""What the process that extracts answers, without the process."""

import json
from dataclasses import replace

import pytest

from recto.documents.transcript import TranscriptJson
from recto.extraction.texts import transcripts_of_text
from recto.serving.extracting.child import answer
from recto.serving.extracting.protocol import NOT_IN_USE, Order

TEXT = "Corner Shop Ltd\nDate: 2019-03-01\nTotal: EUR 12.00"


def pages(text: str) -> list[TranscriptJson]:
    return [replace(page, engine="e").to_json() for page in transcripts_of_text(text, "a.png")]


def order(text: str | None = TEXT, schema: object = "receipt", max_lines: int = 10) -> Order:
    read = [] if text is None else pages(text)
    return Order(schema=schema, text=text, pages=read, max_lines=max_lines, in_use=NOT_IN_USE)  # type: ignore[typeddict-item]


def test_texts_have_no_boxes_and_pages_have() -> None:
    for text, boxes in ((TEXT, False), (None, True)):
        asked = order(text)
        asked["pages"] = pages(TEXT)
        found = answer(asked)["extraction"]
        assert found is not None
        assert found["values"]["total"] == {"amount": "12.00", "currency": "EUR"}
        assert all((one["box"] is not None) == boxes for one in found["fields"])
        json.dumps(found)


def test_no_pages_have_no_fields() -> None:
    found = answer(order(None))["extraction"]
    assert found is not None and found["fields"] == [] and found["missing"]


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (order(schema="contract.json"), "schema"),
        (order(schema="pydantic:BaseModel"), "schema"),
        (order(schema={"type": "array"}), "schema"),
        (order(max_lines=2), "lines"),
    ],
)
def test_refusals_say_why(asked: Order, kind: str) -> None:
    reply = answer(asked)
    assert reply["extraction"] is None and reply["refusal"] is not None
    assert reply["refusal"]["kind"] == kind
    assert reply["refusal"]["what"] and reply["refusal"]["hint"]
