"""Engine: anything that reads Pages into Transcripts. Which engines exist is in `engines/catalog`."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from recto.documents.page import Page
from recto.documents.transcript import Transcript


class Engine(Protocol):
    """Reads pages; the one protocol that serving, evaluation and the CLI know.

    `label` is name and version, as every Transcript carries it (`ppocr PP-OCRv6-small`);
    `batch_pages` is how many pages it likes to get at once; 0 says that it gathers batches by itself, as a
    server does, and may be called from several threads at once.
    """

    @property
    def label(self) -> str:
        """Name and version."""
        ...

    @property
    def batch_pages(self) -> int:
        """Pages per call that this engine works best with."""
        ...

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order. A page that can't be read raises an EngineError."""
        ...


@runtime_checkable
class Tasked(Protocol):
    """An Engine that can be asked for several things: Markdown, plain text, what a figure says."""

    def with_task(self, task: str, what: str = "") -> Engine:
        """The same weights, asked for `task` (and `what` to look for). Raises EngineError for others."""
        ...


@runtime_checkable
class Wrapping(Protocol):
    """An Engine around another one, which does the reading."""

    @property
    def wrapped(self) -> Engine:
        """That one."""
        ...

    def around(self, engine: Engine) -> Engine:
        """The same around another engine."""
        ...


def asked_for(engine: Engine, task: str) -> Engine | None:
    """`engine`, with all that is around it, asked for `task`; None where it knows no tasks.

    Raises EngineError for a task that it hasn't.
    """
    if isinstance(engine, Tasked):
        return engine.with_task(task)
    if isinstance(engine, Wrapping):
        inner = asked_for(engine.wrapped, task)
        return None if inner is None else engine.around(inner)
    return None
