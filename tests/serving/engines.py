"""For tests of the service: an engine with a gate that fails as it is told, and a clock to put forward."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence

import numpy as np

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine

LIMIT_S = 30
"""Nothing here takes so long: whoever waits longer has found a fault."""


class GatedEngine:
    """Says each page's name, once its `gate` is open, and writes down its batches. `bad` pages raise."""

    def __init__(
        self, label: str = "gated 1", *, batch_pages: int = 4, bad: Mapping[str, Exception] = {}
    ) -> None:
        self.label, self.batch_pages = label, batch_pages
        self.bad = bad
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self._entered = threading.Semaphore(0)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        names = [page.document for page in pages]
        self.batches.append(names)
        self._entered.release()
        assert self.gate.wait(LIMIT_S)
        for name in names:
            if name in self.bad:
                raise self.bad[name]
        return FakeEngine({name: name for name in names}).read(pages)

    async def entered(self) -> None:
        """Until `read` was called once more."""
        assert await asyncio.to_thread(self._entered.acquire, timeout=LIMIT_S)


def page(name: str, width: int = 4, height: int = 4) -> Page:
    """A page of any size that takes no memory."""
    return Page(name, 1, np.broadcast_to(np.uint8(0), (height, width, 3)))


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop go round until `condition` holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    skipped_s = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_s

    def skip(self, seconds: float) -> None:
        """All that is due by then is due now."""
        self.skipped_s += seconds


def skip(seconds: float) -> None:
    """Put the clock of the running loop forward."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    loop.skip(seconds)


def run_skipping(work: Coroutine[None, None, None]) -> None:
    """Run `work` on a loop whose clock it can put forward."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(work)
