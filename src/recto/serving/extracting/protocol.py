"""What the service and the process that extracts say to each other: one line of JSON each."""

from typing import Literal, TypedDict

from recto.datasets.example import JsonValue
from recto.documents.transcript import TranscriptJson
from recto.extraction.fields import ExtractionJson

OWN = "own"
"""What a schema is called that was sent as JSON, not named."""

Problem = Literal["schema", "lines"]


class TaggerInUse(TypedDict):
    """The current tagger of the schema, its model folder and Release; None, and `why_not`, without one."""

    folder: str | None
    release: int | None
    why_not: str


NO_TAGGER: TaggerInUse = {"folder": None, "release": None, "why_not": ""}


class Order(TypedDict):
    """What is to be found (a schema's name, or a JSON Schema) in `text` or `pages`, and by which tagger."""

    schema: str | dict[str, JsonValue]
    text: str | None
    pages: list[TranscriptJson]
    max_lines: int
    tagger: TaggerInUse


class Refusal(TypedDict):
    """Why there are no fields."""

    kind: Problem
    what: str
    hint: str


class Reply(TypedDict):
    """The fields, or why there are none."""

    extraction: ExtractionJson | None
    refusal: Refusal | None
