"""Batcher: gathers pages across requests into batches for an engine, within bounds and in fair turns.

Requests are let in by its `entrance`; their pages then wait for their turn. The engine reads in one thread of
its own (it uses all cores by itself); all else happens on the event loop, which never waits for it.
Which model reads is in `models`, whose turn it is in `fairness`.
"""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.errors import DeadlineExpired, EngineError, RectoError
from recto.observability.spans import span
from recto.serving.entrance import Entrance, stopping
from recto.serving.fairness import Turns
from recto.serving.hangs import Hangs
from recto.serving.models import Model
from recto.serving.outcomes import Done, Failed, outcome
from recto.serving.watcher import NOBODY, BatchWatcher
from recto.settings import ServingSettings

BATCH_PIXELS = 40_000_000
"""A batch ends with the page that brings it here: large pages don't keep small ones waiting for long."""

_LONGEST_RETRY_S = 60
_SAME_MOMENT_S = 0.01
_PACE_MEMORY = 0.2  # what the newest batch counts in the measured pace

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One page that `model` is to read for `tenant`, before `deadline` (loop time).

    `admitted`: the request that it belongs to was let in (`Batcher.entrance`), and the page with it.
    """

    page: Page
    model: Model
    tenant: str
    deadline: float | None = None
    admitted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A page that waits for its turn since a loop time, that its turn has come, and its answer."""

    asked: Asked
    since: float
    answer: asyncio.Future[Transcript]
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pixels(self) -> int:
        return self.asked.page.width * self.asked.page.height

    def fail(self, error: RectoError) -> None:
        self.begun.set()
        if not self.answer.done():
            self.answer.set_exception(error)


class Batcher:
    """The one queue before the engines. Its methods are for the event loop that it was started on."""

    def __init__(self, settings: ServingSettings, seen: BatchWatcher = NOBODY) -> None:
        self._settings, self._seen = settings, seen
        self.entrance = Entrance(settings, seen)
        self.hangs = Hangs(settings.hung_after_s, seen)
        self._turns: Turns[_Waiting] = Turns()
        self._open: set[_Waiting] = set()
        self._arrived = asyncio.Event()
        self._company_until = -math.inf
        self._seconds_per_page = 0.0
        self._engine_thread = ThreadPoolExecutor(1, "engine")
        self._through_threads = ThreadPoolExecutor(settings.max_queue_pages, "through")
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to read what comes."""
        self._keep(asyncio.create_task(self._work(), name="batcher"))

    @property
    def depth(self) -> int:
        """Pages that wait for their turn."""
        return len(self._turns)

    def retry_after_s(self) -> int:
        """When there may be room again, by the measured pace and what is here."""
        return min(max(math.ceil(self.entrance.used * self._seconds_per_page), 1), _LONGEST_RETRY_S)

    async def read(self, asked: Asked) -> Transcript:
        """What the model reads on the page, once it's its turn. Cancelling drops the page.

        Raises EngineError where this very page can't be read, DeadlineExpired; unless the page is `admitted`
        already, QueueFull and Draining; and Draining where a drain gave it up.
        """
        with nullcontext() if asked.admitted else self.entrance.admit(asked.tenant):
            if not self._tasks:
                raise stopping()
            return await self._answer(asked)

    async def drain(self, timeout_s: float) -> None:
        """Let nothing more in, finish what was let in for `timeout_s` at most, give up the rest, and stop."""
        self.entrance.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self.entrance.emptied()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        for waiting in self._open:
            waiting.fail(stopping())
        await asyncio.gather(*tasks, return_exceptions=True)
        self._engine_thread.shutdown(wait=False, cancel_futures=True)
        self._through_threads.shutdown(wait=False, cancel_futures=True)

    async def _answer(self, asked: Asked) -> Transcript:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(asked, loop.time(), loop.create_future())
        self._open.add(waiting)
        try:
            async with asyncio.timeout_at(asked.deadline):
                self._put(waiting)
                with span("queue"):
                    await waiting.begun.wait()
                with span("infer"):
                    return await waiting.answer
        except TimeoutError:
            self._seen.unread("expired")
            raise _expired(asked.page) from None
        except asyncio.CancelledError:  # a request gives up its pages at the same deadline
            expired = asked.deadline is not None and loop.time() >= asked.deadline - _SAME_MOMENT_S
            self._seen.unread("expired" if expired else "cancelled")
            raise
        finally:
            self._open.discard(waiting)
            if self._turns.remove(asked.tenant, waiting):
                self._seen.queued(self.depth)

    def _put(self, waiting: _Waiting) -> None:
        if waiting.asked.model.passes_through:
            self._keep(asyncio.create_task(self._pass_through(waiting)))
            return
        self._turns.add(waiting.asked.tenant, waiting, waiting.pixels)
        self._seen.queued(self.depth)
        self._arrived.set()

    def _keep(self, task: asyncio.Task[None]) -> None:
        """The loop itself holds tasks only weakly."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        while True:
            await self._arrival()
            await self._company()
            await self._read_next()

    async def _arrival(self) -> None:
        while not self._turns:
            self._arrived.clear()
            await self._arrived.wait()

    async def _company(self) -> None:
        """Just after a batch, wait a little until the next one is full: those who were answered ask again."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._company_until):
                while self.depth < self._settings.max_batch_size:
                    self._arrived.clear()
                    await self._arrived.wait()

    async def _read_next(self) -> None:
        """Read one batch; nothing refers to its pages after that."""
        loop = asyncio.get_running_loop()
        batch = self._next_batch(loop.time())
        self._seen.queued(self.depth)
        await self._read(batch)
        if len(batch) > 1 or self._turns:  # who comes alone, one page after another, waits for nobody
            self._company_until = loop.time() + self._settings.max_wait_ms / 1000

    def _next_batch(self, now: float) -> list[_Waiting]:
        """Pages for one engine in fair turns, the largest first: the last to end is then a short one."""
        batch: list[_Waiting] = []
        pixels = 0
        while pixels < BATCH_PIXELS and (waiting := self._turns.take(partial(_fits, batch))):
            if waiting.asked.deadline is not None and waiting.asked.deadline <= now:
                waiting.fail(_expired(waiting.asked.page))
                continue
            self._begin(waiting)
            batch.append(waiting)
            pixels += waiting.pixels
            if len(batch) >= min(self._settings.max_batch_size, waiting.asked.model.engine.batch_pages):
                break
        return sorted(batch, key=lambda waiting: waiting.pixels, reverse=True)

    def _begin(self, waiting: _Waiting) -> None:
        waiting.begun.set()
        self._seen.waited(asyncio.get_running_loop().time() - waiting.since)

    async def _read(self, batch: Sequence[_Waiting]) -> None:
        """Answer all of the batch; where it fails, each page is read again alone, so that one fails alone."""
        batch = [waiting for waiting in batch if not waiting.answer.done()]
        if not batch:
            return
        result = await self._timed(self._engine_thread, batch)
        if isinstance(result, Failed) and len(batch) > 1:
            _log.warning("a batch of %d pages failed (%s); each is read alone", len(batch), str(result))
            for waiting in batch:
                await self._read([waiting])
            return
        _settle(batch, result)

    async def _pass_through(self, waiting: _Waiting) -> None:
        """The engine gathers batches by itself: it gets each page at once, in a thread of the page's own."""
        with suppress(asyncio.CancelledError):
            self._begin(waiting)
            _settle([waiting], await self._timed(self._through_threads, [waiting]))

    async def _timed(
        self, threads: ThreadPoolExecutor, batch: Sequence[_Waiting]
    ) -> Done[list[Transcript]] | Failed:
        model = batch[0].asked.model
        pages = [waiting.asked.page for waiting in batch]
        self._seen.batch(len(pages))
        started = time.monotonic()
        with self.hangs.watched(model.engine.label, len(pages)):
            result = await outcome(threads, partial(_transcripts, model.engine, pages))
        seconds = time.monotonic() - started
        at_once = max(len(self._open), 1) if model.passes_through else len(pages)
        pace = self._seconds_per_page or seconds / at_once
        self._seconds_per_page = pace + _PACE_MEMORY * (seconds / at_once - pace)
        return result


def _fits(batch: Sequence[_Waiting], waiting: _Waiting) -> bool:
    """Whether the page may join: a batch is of one engine."""
    return not batch or waiting.asked.model.engine is batch[0].asked.model.engine


def _transcripts(engine: Engine, pages: Sequence[Page]) -> list[Transcript]:
    transcripts = engine.read(pages)
    if len(transcripts) != len(pages):
        raise EngineError(f"{engine.label} gave {len(transcripts)} transcripts for {len(pages)} pages")
    return transcripts


def _settle(batch: Sequence[_Waiting], result: Done[list[Transcript]] | Failed) -> None:
    if isinstance(result, Failed):
        for waiting in batch:
            waiting.fail(_unreadable(waiting.asked.page, result))
        return
    for waiting, transcript in zip(batch, result.value, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(transcript)


def _unreadable(page: Page, failed: Failed) -> EngineError:
    """What the engine said of the page; faults that it didn't foresee are logged, and told in our words."""
    if isinstance(failed.error, EngineError):
        return failed.error
    _log.error("a page broke the engine: %s", str(failed))  # a record that is kept mustn't keep the page
    return EngineError(
        "the page can't be read: the engine failed on it",
        where=f"{page.document}, page {page.number}",
        hint="try it at another size",
    )


def _expired(page: Page) -> DeadlineExpired:
    return DeadlineExpired(
        "the page wasn't read in time", where=f"{page.document}, page {page.number}", hint="try again later"
    )
