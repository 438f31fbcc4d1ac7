"""A scrape of everything: a workspace with a Release, Cycles, a document, a job, and pages that were read."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import DeadlineExpired, EngineError, QueueFull
from recto.evaluation.compare import with_baseline
from recto.evaluation.report import Report
from recto.observability.metrics import Metrics
from recto.registry.store import add_release
from recto.serving.batcher import Asked, Batcher
from recto.serving.facts import ModelFacts, WorkspaceFacts
from recto.serving.models import Models
from recto.settings import ServingSettings
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.tables import CycleRow, DocumentRow, JobRow

from ..registry.conftest import ORIGIN, TEXTS, Pages, Registry

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SHA256 = "a" * 64


class GpuEngine(FakeEngine):
    """Says what it takes of a GPU, and fails on pages called `broken`."""

    gpu_memory_bytes = 3_000_000_000

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        if any(page.document == "broken" for page in pages):
            raise EngineError("broken on purpose")
        return super().read(pages)


def page(name: str = "page") -> Page:
    return Page(name, 1, np.full((8, 8, 3), 255, np.uint8))


def make_workspace(folder: Path) -> Workspace:
    """With a price, a current Release that has a baseline, two Cycles, a document and a job."""
    create_workspace(folder / "shop")
    toml = folder / "shop" / "recto.toml"
    toml.write_text(toml.read_text().replace("price_per_hour = 0.0", "price_per_hour = 3.6"))
    workspace = open_workspace(folder / "shop")
    registry = Registry(workspace, Pages(folder), folder)
    ours, theirs = registry.report(), registry.report(dict.fromkeys(TEXTS, "receipt"))
    report = with_baseline(*(with_memory(each, mb) for each, mb in ((ours, 900.0), (theirs, 1200.0))))
    registry.promote(add_release(workspace, "general", registry.model(), report, ORIGIN).number)
    with workspace.transaction() as session:
        session.add(cycle("failed", seconds=30.0))
        session.add(cycle("released", seconds=90.0, peak_memory_mb=1024.0, cost=0.09))
        session.add(document())
        session.add(job())
    return workspace


def with_memory(report: Report, peak_memory_mb: float) -> Report:
    metrics = report.metrics.model_copy(update={"peak_memory_mb": peak_memory_mb})
    return report.model_copy(update={"metrics": metrics})


def cycle(state: str, **figures: float) -> CycleRow:
    unknown = {"reasons": [], "data_fingerprint": "", "documents": {}, "recipe": {}, "run_folder": ""}
    return CycleRow(scope="general", state=state, started_at=NOON, ended_at=NOON, **unknown, **figures)


def document() -> DocumentRow:
    placed = {"category": "receipt", "split": "train", "state": "trusted"}
    return DocumentRow(sha256=SHA256, name="a.png", text="a", added_at=NOON, **placed)


def job() -> JobRow:
    return JobRow(id="0" * 32, tenant="local", state="queued", name="a", sha256=SHA256, created_at=NOON)


async def read_pages(metrics: Metrics, models: Models) -> None:
    """Pages through the real queue: read, broken, expired, refused; and what a service tells around them."""
    await models.start()
    model = models.current("general")
    batcher = Batcher(ServingSettings(max_queue_pages=1), metrics)
    await batcher.start()
    with metrics.in_progress(), metrics.stage("preprocess", pages=1):
        await batcher.read(Asked(page(), model, "local"))
    for name, deadline, error in (("broken", None, EngineError), ("late", 0.0, DeadlineExpired)):
        with pytest.raises(error):
            await batcher.read(Asked(page(name), model, "local", deadline))
    with batcher.entrance.admit("local"), pytest.raises(QueueFull) as full:
        await batcher.read(Asked(page(), model, "local"))
    metrics.failed(full.value)
    with metrics.stage("postprocess", pages=1):
        metrics.answered("POST", "/v1/read", 200, 0.02)
    await batcher.drain(1.0)


@pytest.fixture(scope="session")
def scrape(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What Prometheus gets of a service that has done a little of everything."""
    workspace = make_workspace(tmp_path_factory.mktemp("scrape"))
    metrics = Metrics(price_per_hour=3.6)
    models = Models(workspace, workspace.settings.serving, lambda number: GpuEngine(), metrics)
    metrics.watch(ModelFacts(models))
    metrics.watch(WorkspaceFacts(workspace))
    asyncio.run(read_pages(metrics, models))
    models.close()
    return metrics.render().decode()
