"""Observed: an Engine that is watched: the seconds of each batch, how its pages ended, the memory of a GPU.

It changes nothing of what is read. What an engine takes of a GPU is told where it says so itself.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine, Wrapping

if TYPE_CHECKING:  # which needs a package of the service
    from recto.observability.metrics import Metrics

FAILED = "failed"
"""How the reading of a page ended that has no Transcript."""


@runtime_checkable
class OnGpu(Protocol):
    """An Engine that knows what it takes of a GPU."""

    @property
    def gpu_memory_bytes(self) -> int:
        """Bytes that it has allocated there now."""
        ...


class Observed:
    """`engine`, which reads for `scope`, watched by `metrics`."""

    def __init__(self, engine: Engine, scope: str, metrics: "Metrics") -> None:
        self.wrapped, self._scope, self._metrics = engine, scope, metrics
        self.label, self.batch_pages = engine.label, engine.batch_pages

    def around(self, engine: Engine) -> "Observed":
        """Another engine, watched alike."""
        return Observed(engine, self._scope, self._metrics)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """What the engine reads. A page that fails alone counts as failed (a batch is split)."""
        began = perf_counter()
        try:
            transcripts = self.wrapped.read(pages)
        except BaseException:
            if len(pages) == 1:
                self._metrics.read(self._scope, self.label, [FAILED])
            raise
        self._metrics.took("infer", perf_counter() - began)
        self._metrics.read(self._scope, self.label, [transcript.finish.value for transcript in transcripts])
        innermost = _innermost(self.wrapped)
        if isinstance(innermost, OnGpu):
            self._metrics.gpu_memory(self.label, innermost.gpu_memory_bytes)
        return transcripts


def _innermost(engine: Engine) -> Engine:
    while isinstance(engine, Wrapping):
        engine = engine.wrapped
    return engine
