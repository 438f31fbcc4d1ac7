"""Observed: what is counted of an engine, also through another wrapper; what is read stays as it is."""

from collections.abc import Sequence

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.engines.observed import Observed
from recto.errors import EngineError
from recto.observability.metrics import Metrics
from recto.registry.reading import Named

PAGES = [Page(name, 1, np.full((8, 8, 3), 255, np.uint8)) for name in ("one", "two")]


class OnGpu(FakeEngine):
    gpu_memory_bytes = 5


class Broken(FakeEngine):
    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        raise EngineError("broken on purpose")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_it_reads_as_the_engine_does_and_counts() -> None:
    metrics, engine = Metrics(), FakeEngine({"one": "a line"})
    observed = Observed(engine, "legal", metrics)
    assert observed.read(PAGES) == engine.read(PAGES)
    assert (observed.label, observed.batch_pages) == (engine.label, engine.batch_pages)
    for finish in ("complete", "blank"):
        assert value(metrics, "recto_pages_read_total", scope="legal", engine="fake 1", finish=finish) == 1
    assert value(metrics, "recto_stage_duration_seconds_count", stage="infer") == 1


def test_pages_fail_one_by_one() -> None:
    metrics = Metrics()
    for pages in (PAGES, PAGES[:1], PAGES[1:]):
        with pytest.raises(EngineError):
            Observed(Broken(), "general", metrics).read(pages)
    assert value(metrics, "recto_pages_read_total", scope="general", engine="fake 1", finish="failed") == 2


def test_memory_of_a_gpu_is_told_where_the_engine_does() -> None:
    metrics = Metrics()
    Observed(FakeEngine(), "general", metrics).read(PAGES)
    assert value(metrics, "recto_gpu_memory_bytes", engine="fake 1") is None
    Observed(Named(OnGpu(), "3"), "general", metrics).read(PAGES)
    assert value(metrics, "recto_gpu_memory_bytes", engine="fake 1") == 5
