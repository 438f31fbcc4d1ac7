"""What OpenAI's clients get back: a chat completion, the chunks of a stream, the list of models.

`usage` is left out: it counts tokens, and reading has none. What a completion has no field for (which
Release read, and why that one) is in `recto`, beside OpenAI's fields. Nothing is read here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NotRequired, TypedDict

FinishReason = Literal["stop", "length"]


class Provenance(TypedDict):
    """Who read, and why that one."""

    scope: str
    release: str | None
    why: str
    request_id: str
    pages: int


class ChoiceMessage(TypedDict):
    """What was read."""

    role: Literal["assistant"]
    content: str


class Choice(TypedDict):
    """The one reading."""

    index: int
    message: ChoiceMessage
    finish_reason: FinishReason
    logprobs: None


class ChatCompletion(TypedDict):
    """An answer in one piece."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    recto: list[Provenance]


class Delta(TypedDict):
    """A piece of what was read."""

    role: NotRequired[Literal["assistant"]]
    content: NotRequired[str]


class ChunkChoice(TypedDict):
    """A piece of the one reading."""

    index: int
    delta: Delta
    finish_reason: FinishReason | None
    logprobs: None


class ChatChunk(TypedDict):
    """A piece of an answer."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    recto: NotRequired[Provenance]


class ModelJson(TypedDict):
    """One model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: Literal["recto"]


class ModelList(TypedDict):
    """All models."""

    object: Literal["list"]
    data: list[ModelJson]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one image or file of the question came to."""

    text: str
    whole: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its id, when it began (seconds since 1970), and the name under which it was asked for."""

    id: str
    created: int
    model: str

    def completion(self, pieces: Sequence[Piece]) -> ChatCompletion:
        """All at once."""
        message: ChoiceMessage = {"role": "assistant", "content": joined(pieces)}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [
                {"index": 0, "message": message, "finish_reason": finish_of(pieces), "logprobs": None}
            ],
            "recto": [piece.provenance for piece in pieces],
        }

    def chunk(self, delta: Delta, finish: FinishReason | None = None) -> ChatChunk:
        """A piece of it."""
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
        }


SEPARATOR = "\n\n"
"""Between the texts of two images, files or pages."""


def joined(pieces: Sequence[Piece]) -> str:
    """The text of all pieces."""
    return SEPARATOR.join(piece.text for piece in pieces)


def finish_of(pieces: Sequence[Piece]) -> FinishReason:
    """`length` where a page's reading was cut short."""
    return "stop" if all(piece.whole for piece in pieces) else "length"


def event(value: ChatChunk | dict[str, object]) -> str:
    """One event of the stream (server-sent events, WHATWG HTML 9.2)."""
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n"


DONE = "data: [DONE]\n\n"
"""The last event of a stream."""
