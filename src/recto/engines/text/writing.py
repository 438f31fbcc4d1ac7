"""Writing: what a language model is asked, what it wrote, and the one protocol of whoever asks one.

Models on this machine and in servers are asked in the same words. Nothing heavy is imported here.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from recto.documents.page import Page
from recto.documents.transcript import Finish


@dataclass(frozen=True, slots=True)
class Question:
    """What to write about a document: `before`, the `document` as plain data, `after`; all but it is ours.

    Of a document that is too long the end is left away, never anything else. The answer is JSON of `shape`,
    a JSON Schema. `where` names the document in errors.
    """

    before: str
    document: str = field(repr=False)
    after: str
    shape: Mapping[str, JsonValue] = field(repr=False)
    where: str = ""


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """What to write about a `page`, which is seen: `words` are ours, and hold no mark of a model.

    The answer is JSON of `shape`, a JSON Schema.
    """

    page: Page
    words: str
    shape: Mapping[str, JsonValue] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """An answer: complete, or truncated and then no whole JSON.

    `seen` counts the characters of the document that the model was shown; of a page, none. `logprobs` are the
    natural logarithms of each token's probability among those that the shape allowed, `ends` where in `text`
    its characters end; both are empty where a server doesn't tell.
    """

    text: str
    finish: Finish
    seen: int
    ends: tuple[int, ...] = field(default=(), repr=False)
    logprobs: tuple[float, ...] = field(default=(), repr=False)

    def chance(self, start: int, end: int) -> float | None:
        """The probability of all tokens that have a part in `text[start:end]`; None where nobody told."""
        if not self.ends:
            return None
        first, last = bisect_right(self.ends, start), bisect_left(self.ends, end) + 1
        return math.exp(min(sum(self.logprobs[first:last]), 0.0))


class Writer(Protocol):
    """A language model that answers in JSON, wherever it runs."""

    @property
    def label(self) -> str:
        """Its name and version, as Extractions carry it."""
        ...

    def write(self, questions: Sequence[Question]) -> list[Written]:
        """One answer per question, in order. Raises EngineError where there can be none."""
        ...


class PageWriter(Protocol):
    """A vision-language model that answers in JSON about pages."""

    @property
    def label(self) -> str:
        """Its name and version, as Extractions carry it."""
        ...

    @property
    def batch_pages(self) -> int:
        """So many pages are asked about together."""
        ...

    def write_about(self, questions: Sequence[PageQuestion]) -> list[Written]:
        """One answer per page, in order. Raises EngineError where there can be none."""
        ...
