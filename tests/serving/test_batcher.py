"""Batches, bounds, deadlines, cancellation and faults; the engine waits at a gate, and nothing is timed."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.errors import DeadlineExpired, Draining, EngineError, QueueFull
from recto.observability.metrics import Unread
from recto.serving.batcher import Asked, Batcher
from recto.serving.models import Model
from recto.settings import ServingSettings

from .engines import LIMIT_S, GatedEngine, page, run_skipping, skip, until


class Seen:
    """A BatchWatcher that writes everything down."""

    def __init__(self) -> None:
        self.depths: list[int] = []
        self.batches: list[int] = []
        self.waits: list[float] = []
        self.lost: list[tuple[str, int]] = []
        self.hangs: list[int] = []

    def queued(self, depth: int) -> None:
        self.depths.append(depth)

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def batch(self, pages: int) -> None:
        self.batches.append(pages)

    def unread(self, reason: Unread, pages: int = 1) -> None:
        self.lost.append((reason, pages))

    def hung(self, batches: int) -> None:
        self.hangs.append(batches)


class Desk:
    """A started Batcher, and short ways to ask it."""

    def __init__(self, **settings: float) -> None:
        self.seen = Seen()
        self.batcher = Batcher(ServingSettings.model_validate({"max_wait_ms": 0.0, **settings}), self.seen)

    def ask(
        self, engine: GatedEngine, name: str, *, tenant: str = "ann", size: int = 4, in_s: float | None = None
    ) -> asyncio.Task[Transcript]:
        deadline = None if in_s is None else asyncio.get_running_loop().time() + in_s
        asked = Asked(page(name, size, size), Model("general", None, engine), tenant, deadline)
        return asyncio.create_task(self.batcher.read(asked))

    async def busy(self, engine: GatedEngine) -> asyncio.Task[Transcript]:
        """The engine reads page `first` and waits at its gate."""
        engine.gate.clear()
        task = self.ask(engine, "first")
        await engine.entered()
        return task

    async def queue(
        self, engine: GatedEngine, *names: str, tenant: str = "ann"
    ) -> list[asyncio.Task[Transcript]]:
        """So many pages more wait, in this order."""
        tasks = []
        for name in names:
            depth = self.batcher.depth + 1
            tasks.append(self.ask(engine, name, tenant=tenant))
            await until(lambda depth=depth: self.batcher.depth == depth)
        return tasks


@asynccontextmanager
async def desk(**settings: float) -> AsyncIterator[Desk]:
    async with asyncio.timeout(LIMIT_S):
        made = Desk(**settings)
        await made.batcher.start()
        yield made
        await made.batcher.drain(LIMIT_S)


def texts(readings: Sequence[Transcript | BaseException]) -> list[str]:
    return [
        reading.text if isinstance(reading, Transcript) else type(reading).__name__ for reading in readings
    ]


async def outcomes(tasks: Sequence[asyncio.Task[Transcript]]) -> list[str]:
    return texts(await asyncio.gather(*tasks, return_exceptions=True))


def test_an_idle_engine_begins_at_once_and_alone() -> None:
    async def run() -> None:
        async with desk(max_wait_ms=10_000.0) as at:
            engine = GatedEngine()
            for name in "abcde":  # each asked after the other was answered; waiting would take too long
                assert (await at.ask(engine, name)).text == name
            assert engine.batches == [["a"], ["b"], ["c"], ["d"], ["e"]]

    asyncio.run(run())


def test_what_comes_meanwhile_is_the_next_batch() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b", "c")]
            engine.gate.set()
            assert await outcomes(tasks) == ["first", "a", "b", "c"]
            assert engine.batches == [["first"], ["a", "b", "c"]]
            assert at.seen.batches == [1, 3]
            assert max(at.seen.depths) == 3
            assert at.seen.depths[-1] == 0
            assert len(at.seen.waits) == 4

    asyncio.run(run())


@pytest.mark.parametrize(("max_batch_size", "batch_pages"), [(2, 4), (8, 2)])
def test_batches_are_as_large_as_setting_and_engine_allow(max_batch_size: int, batch_pages: int) -> None:
    async def run() -> None:
        async with desk(max_batch_size=max_batch_size) as at:
            engine = GatedEngine(batch_pages=batch_pages)
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b", "c")]
            engine.gate.set()
            await outcomes(tasks)
            assert engine.batches == [["first"], ["a", "b"], ["c"]]

    asyncio.run(run())


def test_a_batch_is_sorted_by_cost_and_large_pages_end_it() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine(batch_pages=8)
            tasks = [await at.busy(engine)]
            for name, size in (("small", 10), ("middle", 20), ("huge", 7000), ("late", 10)):
                tasks.append(at.ask(engine, name, size=size))
            await until(lambda: at.batcher.depth == 4)
            engine.gate.set()
            await outcomes(tasks)
            assert engine.batches == [["first"], ["huge", "middle", "small"], ["late"]]

    asyncio.run(run())


def test_after_a_batch_the_next_one_waits_for_company_but_not_for_long() -> None:
    async def run() -> None:
        async with desk(max_wait_ms=10_000.0, max_batch_size=2) as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b")]
            engine.gate.set()
            await outcomes(tasks)
            late = await at.queue(engine, "c")
            assert engine.batches == [["first"], ["a", "b"]]
            late.append(at.ask(engine, "d"))
            await outcomes(late)
            assert engine.batches[-1] == ["c", "d"]
        async with desk(max_wait_ms=1.0) as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b")]
            engine.gate.set()
            assert await outcomes([*tasks, at.ask(engine, "c")]) == ["first", "a", "b", "c"]
            assert (await at.ask(engine, "d")).text == "d"

    asyncio.run(run())


def test_a_batch_is_of_one_model() -> None:
    async def run() -> None:
        async with desk() as at:
            old, new = GatedEngine("old"), GatedEngine("new")
            tasks = [await at.busy(old)]
            for engine, name in ((old, "a"), (new, "b"), (old, "c"), (new, "d")):
                tasks += await at.queue(engine, name)
            old.gate.set()
            readings = await asyncio.gather(*tasks)
            assert [reading.engine for reading in readings] == ["fake 1"] * 5
            assert old.batches == [["first"], ["a", "c"]]
            assert new.batches == [["b", "d"]]

    asyncio.run(run())


def test_tenants_are_read_in_turns() -> None:
    async def run() -> None:
        async with desk(max_queue_pages=40) as at:
            engine = GatedEngine(batch_pages=2)
            tasks = [await at.busy(engine)]
            tasks += await at.queue(engine, *(f"a{n}" for n in range(8)))
            tasks += await at.queue(engine, "b0", "b1", tenant="bob")
            engine.gate.set()
            await outcomes(tasks)
            assert [set(batch) for batch in engine.batches[1:3]] == [{"a0", "b0"}, {"a1", "b1"}]

    asyncio.run(run())


@pytest.mark.parametrize("error", [EngineError("too dark"), ValueError("secret words"), MemoryError()])
def test_a_page_that_breaks_the_engine_fails_alone(error: Exception) -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine(bad={"b": error})
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b", "c")]
            engine.gate.set()
            assert await outcomes(tasks) == ["first", "a", "EngineError", "c"]
            assert engine.batches == [["first"], ["a", "b", "c"], ["a"], ["b"], ["c"]]
            assert "secret" not in str(tasks[2].exception())
            assert (await at.ask(engine, "again")).text == "again"

    asyncio.run(run())


def test_the_log_tells_the_place_of_a_fault_and_no_words(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with desk() as at:
            assert await outcomes([at.ask(GatedEngine(bad={"a": ValueError("secret words")}), "a")])

    asyncio.run(run())
    assert "ValueError at engines.py:" in caplog.text
    assert "secret" not in caplog.text


def test_an_engine_that_drops_pages_is_found_out() -> None:
    class Lossy(GatedEngine):
        def read(self, pages: Sequence[Page]) -> list[Transcript]:
            return super().read(pages)[1:]

    async def run() -> None:
        async with desk() as at:
            with pytest.raises(EngineError, match="0 transcripts for 1 pages"):
                await at.ask(Lossy(), "a")

    asyncio.run(run())


def test_the_queue_is_bounded_in_pages_for_each_and_for_all() -> None:
    async def run() -> None:
        async with desk(max_queue_pages=8) as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b", "c")]
            with pytest.raises(QueueFull):
                await at.ask(engine, "d")
            tasks += await at.queue(engine, "e", tenant="bob")
            assert at.seen.lost == [("full", 1)]
            assert at.batcher.retry_after_s() >= 1
            engine.gate.set()
            assert await outcomes(tasks) == ["first", "a", "b", "c", "e"]
            assert (await at.ask(engine, "f")).text == "f"

    asyncio.run(run())


def test_what_is_admitted_is_not_refused_again() -> None:
    async def run() -> None:
        async with desk(max_queue_pages=1) as at:
            engine = GatedEngine()
            with at.batcher.entrance.admit("ann"):
                pages = [
                    Asked(page(name), Model("general", None, engine), "ann", admitted=True) for name in "ab"
                ]
                readings = await asyncio.gather(*map(at.batcher.read, pages))
            assert texts(readings) == ["a", "b"]

    asyncio.run(run())


def test_what_has_expired_is_never_read() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine()
            first = await at.busy(engine)
            late = at.ask(engine, "late", in_s=10.0)
            await until(lambda: at.batcher.depth == 1)
            skip(10.0)
            assert await outcomes([late]) == ["DeadlineExpired"]
            assert at.batcher.depth == 0
            engine.gate.set()
            assert await outcomes([first, at.ask(engine, "past", in_s=-1.0)]) == ["first", "DeadlineExpired"]
            assert engine.batches == [["first"]]
            assert at.seen.lost == [("expired", 1), ("expired", 1)]

    run_skipping(run())


def test_a_page_that_is_read_for_too_long_is_given_up_and_the_next_one_isn_t() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine()
            engine.gate.clear()
            slow = at.ask(engine, "slow", in_s=10.0)
            await engine.entered()
            skip(10.0)
            with pytest.raises(DeadlineExpired):
                await slow
            engine.gate.set()
            assert (await at.ask(engine, "next")).text == "next"

    run_skipping(run())


def test_a_page_that_nobody_waits_for_is_dropped() -> None:
    async def run() -> None:
        async with desk(max_queue_pages=4) as at:
            engine = GatedEngine()
            first = await at.busy(engine)
            (gone,) = await at.queue(engine, "gone")
            gone.cancel()
            assert await outcomes([gone]) == ["CancelledError"]
            assert at.batcher.depth == 0
            (kept,) = await at.queue(engine, "kept")  # there is room again
            first.cancel()
            engine.gate.set()
            assert await outcomes([first, kept]) == ["CancelledError", "kept"]
            assert engine.batches == [["first"], ["kept"]]
            assert at.seen.lost == [("cancelled", 1), ("cancelled", 1)]

    asyncio.run(run())


def test_pages_of_a_failed_batch_that_nobody_waits_for_are_not_read_again() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine(bad={"b": EngineError("no")})
            engine.gate.clear()
            tasks = [at.ask(engine, "a"), at.ask(engine, "b")]
            await engine.entered()
            tasks[0].cancel()
            engine.gate.set()
            assert await outcomes(tasks) == ["CancelledError", "EngineError"]
            assert engine.batches == [["a", "b"], ["b"]]

    asyncio.run(run())


def test_draining_refuses_new_pages_and_finishes_the_others() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b")]
            with at.batcher.entrance.admit("bob"):
                drain = asyncio.create_task(at.batcher.drain(LIMIT_S))
                await until(lambda: at.batcher.entrance.closed)
                with pytest.raises(Draining):
                    await at.ask(engine, "new")
                engine.gate.set()
                assert await outcomes(tasks) == ["first", "a", "b"]
                later = Asked(page("later"), Model("general", None, engine), "bob", admitted=True)
                assert (await at.batcher.read(later)).text == "later"
                assert not drain.done()
            await drain

    asyncio.run(run())


def test_a_drain_that_takes_too_long_gives_the_rest_up() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine()
            tasks = [await at.busy(engine), *await at.queue(engine, "a", "b")]
            await at.batcher.drain(0.001)
            assert await outcomes(tasks) == ["Draining"] * 3
            engine.gate.set()
            late = Asked(page("late"), Model("general", None, engine), "ann", admitted=True)
            with pytest.raises(Draining):
                await at.batcher.read(late)

    asyncio.run(run())


class BatchingServer(GatedEngine):
    """Gathers batches by itself: it answers nobody until three have asked."""

    def __init__(self) -> None:
        super().__init__(batch_pages=0, bad={"bad": RuntimeError("secret")})
        self._together = threading.Barrier(3, timeout=LIMIT_S)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        self._together.wait()
        return super().read(pages)


def test_an_engine_that_batches_by_itself_gets_pages_at_once() -> None:
    async def run() -> None:
        async with desk(max_queue_pages=4, max_tenant_share=1.0) as at:
            server, engine = BatchingServer(), GatedEngine()
            first = await at.busy(engine)  # which keeps nobody else waiting
            answers = await outcomes([at.ask(server, name) for name in ("a", "b", "bad", "more")])
            assert answers == ["a", "b", "EngineError", "QueueFull"]
            assert sorted(server.batches) == [["a"], ["b"], ["bad"]]
            engine.gate.set()
            await first

    asyncio.run(run())


def test_nothing_refers_to_a_page_that_was_answered() -> None:
    async def run() -> None:
        async with desk() as at:
            engine = GatedEngine(bad={"bad": ValueError("no")})
            images = []
            for name in ("good", "bad"):
                image = np.zeros((4, 4, 3), np.uint8)
                images.append(weakref.ref(image))
                asked = Asked(Page(name, 1, image), Model("general", None, engine), "ann")
                del image
                await asyncio.gather(at.batcher.read(asked), return_exceptions=True)
                del asked
            engine.bad = {}  # the test's own error refers to where it was raised
            await asyncio.sleep(0)  # and a task to what it awaited last
            gc.collect()
            assert [image() is None for image in images] == [True, True]

    asyncio.run(run())


FATES = st.sampled_from(["read", "read", "read", "bad", "cancelled", "expired"])


@hypothesis_settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 1), FATES), max_size=30))
def test_whatever_is_accepted_gets_exactly_one_answer(pages: list[tuple[str, int, str]]) -> None:
    async def run() -> None:
        bad = {str(n): ValueError() for n, (_, _, fate) in enumerate(pages) if fate == "bad"}
        engines = [GatedEngine("0", bad=bad), GatedEngine("1", batch_pages=3, bad=bad)]
        async with desk(max_queue_pages=40) as at:
            first = await at.busy(engines[0])
            tasks = [
                at.ask(engines[model], str(n), tenant=tenant, in_s=-1.0 if fate == "expired" else None)
                for n, (tenant, model, fate) in enumerate(pages)
            ]
            await asyncio.sleep(0)
            for task, (_, _, fate) in zip(tasks, pages, strict=True):
                if fate == "cancelled":
                    task.cancel()
            engines[0].gate.set()
            await first
            answers = await outcomes(tasks)
        refused = answers.count("QueueFull")
        assert refused == sum(count for why, count in at.seen.lost if why == "full")
        ends = {"bad": "EngineError", "cancelled": "CancelledError", "expired": "DeadlineExpired"}
        for n, ((_, model, fate), answer) in enumerate(zip(pages, answers, strict=True)):
            assert answer in (ends.get(fate, str(n)), "QueueFull")
            read = [batch for engine in engines for batch in engine.batches if str(n) in batch]
            assert all(str(n) not in batch for batch in engines[1 - model].batches)
            assert bool(read) == (fate in ("read", "bad") and answer != "QueueFull")
            assert len(read) == 1 or not read or any(set(read[0]) & set(bad))

    asyncio.run(run())
