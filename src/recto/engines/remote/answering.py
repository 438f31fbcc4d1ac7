"""What a server answers: the text, how its writing ended, and how sure it was, where it says so."""

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate

from pydantic import BaseModel, Field

from recto.engines.vlm.grounding import Likelihood

_ROUNDED = 0.01


class _Said(BaseModel):
    """Other keys than ours are let through: every server has some of its own."""


class Token(_Said):
    """One token: its text, the logarithm of its probability, and its bytes, which may be part of a letter."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class _Logprobs(_Said):
    content: list[Token] | None = None


class _Message(_Said):
    content: str | None = None


class _Choice(_Said):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class Completion(_Said):
    """The body of an answer (OpenAI's `chat.completion`)."""

    choices: list[_Choice] = Field(min_length=1)

    @property
    def text(self) -> str:
        """What was written; "" where the server says nothing."""
        return self.choices[0].message.content or ""

    @property
    def was_cut(self) -> bool:
        """Whether the writing ended because it was long enough."""
        return self.choices[0].finish_reason == "length"

    @property
    def tokens(self) -> list[Token]:
        """The tokens with their probabilities; none where the server doesn't tell, or tells what can't be."""
        logprobs = self.choices[0].logprobs
        told = (logprobs.content or []) if logprobs else []
        return told if all(map(_can_be, told)) else []


class ServedModel(_Said):
    """A model of a server by its name there."""

    id: str


class ModelList(_Said):
    """The body of `GET /models`."""

    data: list[ServedModel]


def _can_be(token: Token) -> bool:
    """Whether its probability is one, to rounding, and its bytes are bytes."""
    likely = math.isfinite(token.logprob) and token.logprob <= _ROUNDED
    return likely and all(0 <= byte <= 255 for byte in token.bytes or ())


def likelihood_of(completion: Completion) -> Likelihood:
    """How likely the server held what stands between two characters, token by token.

    None where it doesn't tell, or where its tokens don't make up its text.
    """
    raw = [bytes(t.bytes) if t.bytes is not None else t.token.encode() for t in completion.tokens]
    text = completion.text.encode()
    offset = b"".join(raw).find(text) if raw and text else -1
    if offset < 0:
        return lambda start, end: None
    ends = [end - offset for end in accumulate(map(len, raw))]
    begins = [0 - offset, *ends[:-1]]
    logprobs = [token.logprob for token in completion.tokens]
    places = [0, *accumulate(len(character.encode()) for character in completion.text)]

    def likelihood(start: int, end: int) -> list[float] | None:
        inside = logprobs[bisect_right(ends, places[start]) : bisect_left(begins, places[end])]
        return inside or None

    return likelihood
