"""A scrape of a real service: its workspace has a Release, Cycles, a document and a job."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import EngineError
from recto.evaluation.compare import with_baseline
from recto.evaluation.report import Report
from recto.registry.store import add_release
from recto.serving.app import create_app
from recto.serving.service import Service
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.tables import CycleRow, DocumentRow, JobRow

from ..conftest import encoded, picture
from ..registry.conftest import ORIGIN, TEXTS, Pages, Registry
from ..serving.live import live

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SHA256 = "a" * 64
IMAGE = encoded(picture(), "PNG")


class GpuEngine(FakeEngine):
    """Says what it takes of a GPU, fails on pages called `broken`, and with `slow` ones waits to go on."""

    gpu_memory_bytes = 3_000_000_000

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        names = {page.document for page in pages}
        if "broken.png" in names:
            raise EngineError("broken on purpose")
        if "slow.png" in names:
            self.begun.set()
            assert self.go_on.wait(60)
        return super().read(pages)


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
    return JobRow(id="0" * 32, tenant="local", state="queued", created_at=NOON)


@pytest.fixture(scope="session")
def scrape(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What Prometheus gets of a service that has read a page, failed on one, and refused one."""
    workspace = make_workspace(tmp_path_factory.mktemp("scrape"))
    engine = GpuEngine()
    limits = {"uploads": {"decode_workers": 1}, "serving": {"max_queue_pages": 1}}
    settings = workspace.settings.model_copy(
        update={name: getattr(workspace.settings, name).model_copy(update=to) for name, to in limits.items()}
    )
    service = Service(settings, workspace, lambda number: engine)
    with live(create_app(service)) as url, httpx.Client(base_url=url, timeout=60) as client:
        assert read(client, "page.png").status_code == 200
        assert read(client, "broken.png").is_error
        with ThreadPoolExecutor(1) as other:
            slow = other.submit(read, client, "slow.png")
            assert engine.begun.wait(60)
            assert read(client, "page.png").status_code == 429
            engine.go_on.set()
            assert slow.result().status_code == 200
        return client.get("/metrics").raise_for_status().text


def read(client: httpx.Client, name: str) -> httpx.Response:
    return client.post("/v1/read", files={"file": (name, IMAGE)})
