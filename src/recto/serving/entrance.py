"""Entrance: lets requests in while there is room for their pages, before anything of them is decoded.

A request keeps its room as long as it lasts, so that what is here is bounded at every step of its way: the
file, the decoded page, the queue. How the room is shared is in `fairness`, reading in `batcher`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from recto.errors import Draining, QueueFull
from recto.serving.fairness import Room
from recto.serving.watcher import NOBODY, BatchWatcher
from recto.settings import ServingSettings


class Entrance:
    """The room of a service. Its methods are for one event loop."""

    def __init__(self, settings: ServingSettings, seen: BatchWatcher = NOBODY) -> None:
        self._seen = seen
        self._room = Room(settings.max_queue_pages, settings.max_tenant_share)
        self._window = min(settings.max_batch_size, settings.max_queue_pages)
        self._freed = asyncio.Event()
        self._closed = False

    @property
    def window(self) -> int:
        """Pages of one request that may be here at once, however long its document is."""
        return self._window

    @property
    def used(self) -> int:
        """Pages that there is room taken for."""
        return self._room.used

    @property
    def closed(self) -> bool:
        """Whether nothing more is let in."""
        return self._closed

    @contextmanager
    def admit(self, tenant: str) -> Iterator[None]:
        """Room for a request, with one page at a time, until the block ends. Raises QueueFull, Draining."""
        if self._closed:
            self._seen.unread("draining")
            raise stopping()
        if not self._room.take(1, tenant):
            self._seen.unread("full")
            raise QueueFull("too many pages are waiting already", hint="try again later")
        with self._taken(1, tenant):
            yield

    @asynccontextmanager
    async def admit_patiently(self, tenant: str) -> AsyncIterator[None]:
        """As `admit`, for work that has time: it waits for room. Raises Draining."""
        while not self._closed:
            freed = self._freed
            if self._room.take(1, tenant):
                with self._taken(1, tenant):
                    yield
                return
            await freed.wait()
        raise stopping()

    @contextmanager
    def widened(self, pages: int, tenant: str) -> Iterator[int]:
        """How many of a request's pages may be here at once, until the block ends: it was let in with one.

        That is what it keeps where there is no room for `window` (or for all that it has).
        """
        more = min(pages, self._window) - 1
        if more < 1 or not self._room.take(more, tenant):
            yield 1
            return
        with self._taken(more, tenant):
            yield 1 + more

    def close(self) -> None:
        """Let nothing more in; who waits for room waits in vain."""
        self._closed = True
        self._wake()

    async def emptied(self) -> None:
        """Wait until all that was let in has gone."""
        while self._room.used:
            await self._freed.wait()

    @contextmanager
    def _taken(self, pages: int, tenant: str) -> Iterator[None]:
        try:
            yield
        finally:
            self._room.give_back(pages, tenant)
            self._wake()

    def _wake(self) -> None:
        """All who wait look again; the next ones wait for the next time."""
        self._freed.set()
        self._freed = asyncio.Event()


def stopping() -> Draining:
    """What is said to those who come too late."""
    return Draining("the service is about to stop", hint="try again in a moment")
