"""The flow of a document: its pages are decoded one after the other and read several at a time, in order.

At most `window` pages are alive, however long the document is. A page that can't be decoded or read is a
PageFailure in its place; the others come all the same. Batching is the batcher's.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.reading import PageFailure
from recto.errors import DocumentError, EngineError

PageReading = Transcript | PageFailure
"""A page of an answer: what it says, or why it can't be read."""


class Opened(Protocol):
    """A document that is open in another process."""

    @property
    def page_count(self) -> int:
        """How many pages it has."""
        ...

    async def page(self, number: int) -> Page:
        """Page `number`, from 1. Raises a DocumentError."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """How the pages of one document are read: by what, how many at a time, and what times their decoding."""

    read: Callable[[Page], Coroutine[None, None, Transcript]]
    window: int
    timing: Callable[[], AbstractContextManager[None]] = nullcontext

    async def pages(self, opened: Opened, first: int = 1) -> AsyncGenerator[PageReading, None]:
        """The readings of page `first` and all after it, in order. Closing it drops what is under way.

        Raises what isn't the fault of one page: Draining, DeadlineExpired.
        """
        under_way: deque[asyncio.Task[PageReading]] = deque()
        try:
            for number in range(first, opened.page_count + 1):
                if len(under_way) >= self.window:
                    yield await under_way.popleft()
                page = await self._decoded(opened, number)
                under_way.append(asyncio.create_task(self._reading(page)))
            while under_way:
                yield await under_way.popleft()
        finally:
            await _dropped(under_way)

    async def _decoded(self, opened: Opened, number: int) -> Page | PageFailure:
        try:
            with self.timing():
                return await opened.page(number)
        except DocumentError as error:
            return PageFailure(error.where or "", number, error)

    async def _reading(self, page: Page | PageFailure) -> PageReading:
        if isinstance(page, PageFailure):
            return page
        try:
            return await self.read(page)
        except EngineError as error:
            return PageFailure(page.document, page.number, error)


def is_our_fault(reading: PageReading) -> bool:
    """Whether the model failed at the page: then it doesn't count against the day of its key."""
    return isinstance(reading, PageFailure) and isinstance(reading.error, EngineError)


async def _dropped(tasks: deque[asyncio.Task[PageReading]]) -> None:
    """Cancel what is under way and wait until it is gone; nobody wants to know how it would have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
