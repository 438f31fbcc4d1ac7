"""What OpenAI's clients get back: a chat completion, the chunks of a stream, the list of models.

`usage` is left out: it counts tokens, and reading has none. What a completion has no field for (which
Release read, and why that one) is in `recto`, beside OpenAI's fields. Nothing is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

FinishReason = Literal["stop", "length"]

SEPARATOR = "\n\n"
"""Between the texts of two images or files."""

DONE = "data: [DONE]\n\n"
"""The last event of a stream."""


class Provenance(BaseModel):
    """Who read one image or file, and why that one."""

    scope: str = Field(examples=["general"])
    release: str | None = Field(description="null: the base model", examples=["3"])
    engine: str
    why: str
    pages: int


class ChoiceMessage(BaseModel):
    """What was read."""

    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    """The one reading."""

    index: Literal[0] = 0
    message: ChoiceMessage
    finish_reason: FinishReason
    logprobs: None = None


class ChatCompletion(BaseModel):
    """An answer in one piece; `recto` has an entry for each image or file."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    recto: list[Provenance]


class Delta(BaseModel):
    """A piece of what was read."""

    role: Literal["assistant"] = "assistant"
    content: str = ""


class ChunkChoice(BaseModel):
    """A piece of the one reading."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: FinishReason | None = None
    logprobs: None = None


class ChatChunk(BaseModel):
    """A piece of an answer; `recto` says who read it."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    recto: Provenance | None = None


class ServedModel(BaseModel):
    """One name under which a model is served."""

    id: str = Field(examples=["recto/legal@3"])
    object: Literal["model"] = "model"
    created: int = Field(description="since when it reads here, in seconds since 1970")
    owned_by: Literal["recto"] = "recto"


class ModelList(BaseModel):
    """All of them."""

    object: Literal["list"] = "list"
    data: list[ServedModel]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one image or file of the question came to; `whole` is False where a reading was cut short."""

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
        message = ChoiceMessage(content=SEPARATOR.join(piece.text for piece in pieces))
        return ChatCompletion(
            id=self.id,
            created=self.created,
            model=self.model,
            choices=[Choice(message=message, finish_reason=finish_of(pieces))],
            recto=[piece.provenance for piece in pieces],
        )

    def piece(self, piece: Piece, *, is_first: bool) -> str:
        """The event that tells one piece."""
        delta = Delta(content=("" if is_first else SEPARATOR) + piece.text)
        return event(self._chunk(ChunkChoice(delta=delta), piece.provenance))

    def end(self, pieces: Sequence[Piece]) -> str:
        """The event that says that these were all."""
        return event(self._chunk(ChunkChoice(delta=Delta(), finish_reason=finish_of(pieces))))

    def _chunk(self, choice: ChunkChoice, provenance: Provenance | None = None) -> ChatChunk:
        return ChatChunk(
            id=self.id, created=self.created, model=self.model, choices=[choice], recto=provenance
        )


def finish_of(pieces: Sequence[Piece]) -> FinishReason:
    """`length` where a page's reading was cut short."""
    return "stop" if all(piece.whole for piece in pieces) else "length"


def event(value: BaseModel) -> str:
    """One event of the stream (server-sent events, WHATWG HTML 9.2)."""
    return f"data: {value.model_dump_json()}\n\n"
