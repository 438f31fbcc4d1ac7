"""Shapes of answers for tests, and questions about small documents."""

from recto.datasets.example import JsonValue
from recto.engines.text.writing import Question

TEXT: JsonValue = {"type": ["string", "null"], "maxLength": 8}
SHAPE: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"total": TEXT, "kind": {"enum": ["bill", "receipt", None]}},
    "required": ["total", "kind"],
    "additionalProperties": False,
}


def question(document: str, shape: dict[str, JsonValue] = SHAPE) -> Question:
    return Question("Say what stands here.\n<document>\n", document, "\n</document>", shape, "here.txt")
