"""Hangs: an engine that doesn't come back from a batch is told of, and so is that it came back after all."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from recto.serving.hangs import GIVEN_UP, SLOWER, Hangs
from recto.serving.service import Service
from recto.serving.watcher import Nobody

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


@pytest.mark.parametrize(
    ("pages", "expected_s", "allowed_s"),
    [
        (8, 4.0, HUNG_AFTER_S),
        (8, 60.0, SLOWER * 60.0),  # always so slow
        (8, None, 8 * HUNG_AFTER_S),  # nothing was measured yet
    ],
)
def test_what_a_batch_may_take(pages: int, expected_s: float | None, allowed_s: float) -> None:
    async def run() -> None:
        hangs = Hangs(HUNG_AFTER_S)
        with hangs.watched("slow 1", pages, expected_s):
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


def test_each_hang_is_told_once_and_its_end_too(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        seen = Seen()
        hangs = Hangs(HUNG_AFTER_S, seen)
        with hangs.watched("slow 1", 1, 1.0):
            with hangs.watched("slow 2", 1, 1.0):
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
        with pytest.raises(asyncio.CancelledError), hangs.watched("slow 1", 1, 1.0):
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
