"""A Writer that says what a test tells it, and keeps what it is asked; documents of plain text."""

import json
import math
from collections.abc import Sequence

from recto.datasets.example import JsonValue
from recto.documents.transcript import Finish, Transcript
from recto.engines.text.writing import Question, Written
from recto.extraction.loading import schema_from_json
from recto.extraction.schema import Schema
from recto.extraction.texts import transcripts_of_text

MONEY: JsonValue = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "currency": {"type": ["string", "null"]}},
    "required": ["amount", "currency"],
}
BILL: dict[str, JsonValue] = {
    "type": "object",
    "required": ["vendor", "total"],
    "properties": {
        "vendor": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "total": MONEY,
        "seller": {"type": "object", "properties": {"address": {"type": "string"}}},
        "paid": {"type": "boolean"},
        "kind": {"enum": ["bill", "receipt"], "type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"description": {"type": "string"}, "amount": MONEY},
            },
        },
    },
}
TEXT = """\
ACME Coffee Ltd
5 Main Street       Receipt
London

Date: 09/01/2019
Tea       1.50
Tea       1.50
Subtotal  1.50 x 2
TOTAL     EUR 1.234,50
"""


def bill_schema() -> Schema:
    return schema_from_json(BILL, "bill")


def pages(text: str = TEXT) -> tuple[Transcript, ...]:
    return transcripts_of_text(text, "bill.txt")


def said(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Saying:
    """Answers with `text`; each character is a token of probability `chance`, if there is one."""

    label = "test"

    def __init__(self, text: str, finish: Finish = Finish.COMPLETE, chance: float | None = 0.99) -> None:
        self.text, self.finish, self.chance = text, finish, chance
        self.asked: list[Question] = []
        self.seen: int | None = None

    def write(self, questions: Sequence[Question]) -> list[Written]:
        self.asked += questions
        return [self.written(self.seen or len(one.document)) for one in questions]

    def written(self, seen: int = 0) -> Written:
        """The answer, whatever the question."""
        count = len(self.text) if self.chance else 0
        logprobs = (math.log(self.chance or 1),) * count
        return Written(self.text, self.finish, seen, tuple(range(1, count + 1)), logprobs)
