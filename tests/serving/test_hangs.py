"""Hangs: an engine that doesn't come back from a batch is told of, and so is that it came back after all."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from recto.serving import models
from recto.serving.hangs import GIVEN_UP, SLOWER, Hangs
from recto.serving.service import Service
from recto.serving.watcher import Nobody
from recto.workspace.folder import create_workspace

from ..servers import PostgreSQL
from .conftest import Served, serving, settings_with
from .engines import LIMIT_S, GatedEngine, run_skipping, skip
from .test_server import wait_until

HUNG_AFTER_S = 120.0


class Seen(Nobody):
    def __init__(self) -> None:
        self.hangs: list[int] = []

    def hung(self, batches: int) -> None:
        self.hangs.append(batches)


async def timers() -> None:
    """Let those that are due run."""
    for _ in range(3):
        await asyncio.sleep(0)


async def batch(hangs: Hangs, pages: int, taken_s: float) -> None:
    """One that comes back after so long."""
    with hangs.watched("slow 1", pages):
        skip(taken_s)
        await timers()


@pytest.mark.parametrize(
    ("before", "pages", "allowed_s"),
    [
        ([(8, 4.0)], 8, HUNG_AFTER_S),
        ([(8, 60.0)], 8, SLOWER * 60.0),  # always so slow
        ([(8, 60.0)], 4, SLOWER * 30.0),
        ([(8, 4.0), (8, 60.0)], 8, SLOWER * 60.0),  # slower pages count at once
        ([(1, 1000.0)], 2, SLOWER * 2 * HUNG_AFTER_S),  # only so much of a hang
        ([], 8, 8 * HUNG_AFTER_S),  # nothing was measured yet
    ],
)
def test_what_a_batch_may_take(before: list[tuple[int, float]], pages: int, allowed_s: float) -> None:
    async def run() -> None:
        hangs = Hangs(HUNG_AFTER_S)
        for earlier in before:
            await batch(hangs, *earlier)
        with hangs.watched("slow 1", pages):
            skip(allowed_s - 5)
            await timers()
            assert hangs.why is None
            skip(10)
            await timers()
            assert hangs.why == f"the engine has had a batch of {pages} for {allowed_s + 5:.0f} s"
            assert not hangs.given_up
            skip((GIVEN_UP - 1) * allowed_s)
            assert hangs.given_up
        assert hangs.why is None
        assert not hangs.given_up

    run_skipping(run())


def test_an_engine_is_not_measured_by_another() -> None:
    async def run() -> None:
        hangs = Hangs(HUNG_AFTER_S)
        with hangs.watched("quick 1", 8):
            pass
        with hangs.watched("slow 1", 8):
            skip(8 * HUNG_AFTER_S - 5)
            await timers()
            assert hangs.why is None

    run_skipping(run())


def test_quick_pages_make_an_engine_quick_only_after_a_while() -> None:
    async def run() -> None:
        hangs = Hangs(HUNG_AFTER_S)
        for taken_s in (60.0, 1.0):
            await batch(hangs, 1, taken_s)
        with hangs.watched("slow 1", 1):
            skip(SLOWER * 40.0)
            await timers()
            assert hangs.why is None
        for _ in range(60):
            await batch(hangs, 1, 1.0)
        with hangs.watched("slow 1", 1):
            skip(HUNG_AFTER_S + 5)
            await timers()
            assert hangs.why is not None

    run_skipping(run())


def test_each_hang_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        seen = Seen()
        hangs = Hangs(HUNG_AFTER_S, seen)
        with hangs.watched("slow 1", 1):
            with hangs.watched("slow 2", 1):
                for _ in range(3):
                    skip(HUNG_AFTER_S + 1)
                    await timers()
                assert seen.hangs == [1, 2]
            assert hangs.why is not None
        assert seen.hangs == [1, 2, 1, 0]

    with caplog.at_level(logging.WARNING):
        run_skipping(run())
    assert [record.getMessage() for record in caplog.records] == [
        "an engine doesn't come back from a batch",
        "an engine doesn't come back from a batch",
        "an engine has come back from a batch",
        "an engine has come back from a batch",
    ]


def test_what_is_no_longer_waited_for_has_not_come_back(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        hangs = Hangs(HUNG_AFTER_S)
        with pytest.raises(asyncio.CancelledError), hangs.watched("slow 1", 1):
            skip(HUNG_AFTER_S + 1)
            await timers()
            raise asyncio.CancelledError
        assert hangs.why is not None

    with caplog.at_level(logging.WARNING):
        run_skipping(run())
    assert len(caplog.records) == 1


@pytest.fixture
def engine() -> Iterator[GatedEngine]:
    """One whose gate is open in the end, whatever happened."""
    made = GatedEngine()
    yield made
    made.gate.set()


@pytest.fixture
def served(engine: GatedEngine) -> Iterator[Served]:
    settings = settings_with(serving={"hung_after_s": 0.05})
    with serving(Service(settings, load=lambda _: engine)) as running:
        yield running


def status(client: httpx.Client, path: str) -> Callable[[int], bool]:
    return lambda wanted: client.get(path).status_code == wanted


def test_readiness_and_then_liveness_fail_until_it_comes_back(
    served: Served, engine: GatedEngine, samples: dict[str, bytes]
) -> None:
    client, answers = served.client, list[httpx.Response]()
    ready, alive = status(client, "/readyz"), status(client, "/healthz")
    assert ready(200) and alive(200)
    engine.gate.clear()
    file = {"file": ("b.png", samples["scan.png"])}
    asking = threading.Thread(target=lambda: answers.append(client.post("/v1/read", files=file)))
    asking.start()
    wait_until(lambda: ready(503))
    told = client.get("/readyz").json()
    assert told["status"] == "hung" and told["why"].startswith("the engine has had a batch of 1 for ")
    assert "recto_engine_hung_batches 1.0" in client.get("/metrics").text
    wait_until(lambda: alive(503))
    assert client.get("/healthz").json() == {"status": "hung"}
    engine.gate.set()
    asking.join(LIMIT_S)
    assert answers[0].status_code == 200
    assert ready(200) and alive(200)
    assert client.get("/readyz").json() == {"status": "ready"}
    assert "recto_engine_hung_batches 0.0" in client.get("/metrics").text


def test_a_database_that_hangs_is_told_and_keeps_nobody_waiting_for_ever(
    postgresql_server: PostgreSQL, tmp_path: Path, samples: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECTO_DATABASE", postgresql_server.database())
    monkeypatch.setattr(models, "DATABASE_S", 0.5)
    workspace = create_workspace(tmp_path / "work")
    settings = settings_with(serving={"request_timeout_s": 1.0, "reload_every_s": 0.1})
    file = {"file": ("b.png", samples["scan.png"])}
    with serving(Service(settings, workspace, lambda _: GatedEngine())) as served:
        ready = status(served.client, "/readyz")
        with postgresql_server.hanging():
            wait_until(lambda: ready(503))
            assert served.client.get("/readyz").json()["why"] == "the database doesn't answer"
            answer = served.client.post("/v1/read", files=file)
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:recto:problem:workspace-busy")
        wait_until(lambda: ready(200))
        assert served.client.post("/v1/read", files=file).status_code == 200
    workspace.sessions.kw["bind"].dispose()
