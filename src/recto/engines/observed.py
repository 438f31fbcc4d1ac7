"""Observed: an Engine that is watched: a span and the seconds of each batch, how its pages ended, GPU memory.

It changes nothing of what is read. The memory of a GPU is told where the engine itself reports it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.errors import EngineError

if TYPE_CHECKING:  # which needs a package of the service
    from recto.observability.metrics import Metrics

FAILED = "failed"
"""How the reading of a page ended that has no Transcript."""


@runtime_checkable
class OnGpu(Protocol):
    """An Engine that knows what it takes of a GPU, says so."""

    @property
    def gpu_memory_bytes(self) -> int:
        """Bytes that it has allocated there now."""
        ...


class Observed:
    """`engine`, which reads for `scope`, watched by `metrics`."""

    def __init__(self, engine: Engine, scope: str, metrics: "Metrics") -> None:
        self._engine, self._scope, self._metrics = engine, scope, metrics
        self.label, self.batch_pages = engine.label, engine.batch_pages

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """What the engine reads. A page that fails alone counts as failed (a batch is split)."""
        try:
            with self._metrics.stage("infer", pages=len(pages), engine=self.label, scope=self._scope):
                transcripts = self._engine.read(pages)
        except EngineError:
            if len(pages) == 1:
                self._metrics.read(self._scope, self.label, [FAILED])
            raise
        self._metrics.read(self._scope, self.label, [transcript.finish.value for transcript in transcripts])
        if isinstance(self._engine, OnGpu):
            self._metrics.gpu_memory(self.label, self._engine.gpu_memory_bytes)
        return transcripts
