"""What the service and its processes that extract and ask models say to each other: lines of JSON."""

from typing import Literal, NotRequired, TypedDict

from recto.datasets.example import JsonValue
from recto.documents.transcript import TranscriptJson
from recto.extraction.fields import ExtractionJson

OWN = "own"
"""What a schema is called that was sent as JSON, not named."""

Problem = Literal["schema", "lines"]

Means = Literal["text", "remote", "vision"]
"""The kinds of language models that may be asked for fields."""


class InUse(TypedDict):
    """The current Release of the schema, its engine ("tagger" or "text"), model folder and number.

    None, and `why_not`, where there is none that can be used.
    """

    engine: str
    folder: str | None
    release: int | None
    why_not: str


NOT_IN_USE: InUse = {"engine": "tagger", "folder": None, "release": None, "why_not": ""}


class WrittenJson(TypedDict):
    """What a model wrote (see `engines.text.writing.Written`)."""

    text: str
    finish: str
    seen: int
    ends: list[int]
    logprobs: list[float]


class QuestionJson(TypedDict):
    """What a model is to be asked: about a text, or, where there are `pages`, in turn about each of these."""

    before: str
    document: str
    after: str
    shape: dict[str, JsonValue]
    pages: list[int]


class Asked(TypedDict):
    """A language model's part in an order: `sees` the pages, or reads their text.

    `written` is None before it was asked: the reply is then the question, or the fields where there is
    nothing to ask. `model` is what it calls itself.
    """

    sees: bool
    model: str
    written: list[WrittenJson] | None


class Order(TypedDict):
    """What is to be found (a schema's name, or a JSON Schema) in `text` or `pages`, and by what Release.

    Without `asked` a tagger finds it.
    """

    schema: str | dict[str, JsonValue]
    text: str | None
    pages: list[TranscriptJson]
    max_lines: int
    in_use: InUse
    asked: NotRequired[Asked]


class Refusal(TypedDict):
    """Why there are no fields."""

    kind: Problem
    what: str
    hint: str


class Reply(TypedDict):
    """The fields, or why there are none, or what a model is to be asked first."""

    extraction: ExtractionJson | None
    refusal: Refusal | None
    question: NotRequired[QuestionJson]


class PictureJson(TypedDict):
    """A page for a model that sees: its picture as base64 of a PNG."""

    name: str
    number: int
    png: str


class WriteOrder(TypedDict):
    """What a model is to answer, and which: the base of its kind, or that in a Release's `folder`.

    Without a question it is only loaded. With a `picture` the question is about that.
    """

    means: Means
    folder: str | None
    question: QuestionJson | None
    picture: PictureJson | None


class WriteReply(TypedDict):
    """First that the model is `ready`, with what it calls itself; then what is `written`; or a `problem`.

    `refused` says that this question can't be asked, whatever the model.
    """

    ready: NotRequired[str]
    written: NotRequired[WrittenJson]
    problem: NotRequired[str]
    refused: NotRequired[bool]
