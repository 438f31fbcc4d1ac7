"""Hangs: batches that an engine doesn't come back from. They are only noticed: no thread can be ended.

Who asks whether the service is ready is told, and after a longer while also who asks whether it lives: a new
process is then the only way out. A batch that comes back after all ends it.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from recto.serving.watcher import NOBODY, BatchWatcher

SLOWER = 10
"""So many times what its pages should take by the engine's pace, a batch may always take."""

GIVEN_UP = 5
"""After so many times what it may take, nobody expects a batch to come back."""

_PACE_MEMORY = 0.2
"""What a faster batch counts in an engine's pace; a slower one counts at once."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """A batch of `pages` that an engine has since a loop time, and how long it may."""

    engine: str
    pages: int
    since: float
    allowed_s: float

    @property
    def taken_s(self) -> float:
        return asyncio.get_running_loop().time() - self.since


class Hangs:
    """The batches that engines have now. Only for one event loop."""

    def __init__(self, hung_after_s: float, seen: BatchWatcher = NOBODY) -> None:
        self._hung_after_s, self._seen = hung_after_s, seen
        self._late: set[_Given] = set()
        self._seconds_per_page: dict[str, float] = {}

    @property
    def why(self) -> str | None:
        """In words, what should have come back by now; None where nothing is late."""
        if not self._late:
            return None
        longest = max(self._late, key=lambda given: given.taken_s)
        return f"the engine has had a batch of {longest.pages} for {longest.taken_s:.0f} s"

    @property
    def given_up(self) -> bool:
        """Whether only a new process can help."""
        return any(given.taken_s >= GIVEN_UP * given.allowed_s for given in self._late)

    @contextmanager
    def watched(self, engine: str, pages: int) -> Iterator[None]:
        """The engine with this label has a batch while the block runs."""
        loop = asyncio.get_running_loop()
        given = _Given(engine, pages, loop.time(), self._allowed_s(engine, pages))
        timer = loop.call_later(given.allowed_s, self._is_late, given)
        try:
            yield
        finally:
            timer.cancel()
        self._is_back(given)  # and isn't only no longer waited for

    def _allowed_s(self, engine: str, pages: int) -> float:
        """The first batch of a slow engine mustn't look like a hang: each of its pages has the whole time."""
        pace = self._seconds_per_page.get(engine)
        return pages * self._hung_after_s if pace is None else max(self._hung_after_s, SLOWER * pages * pace)

    def _is_late(self, given: _Given) -> None:
        self._late.add(given)
        self._seen.hung(len(self._late))
        _log.error(
            "an engine doesn't come back from a batch",
            extra={"engine": given.engine, "pages": given.pages, "after_s": given.allowed_s},
        )

    def _is_back(self, given: _Given) -> None:
        self._learn(given)
        if given not in self._late:
            return
        self._late.discard(given)
        self._seen.hung(len(self._late))
        _log.warning(
            "an engine has come back from a batch",
            extra={"engine": given.engine, "pages": given.pages, "seconds": given.taken_s},
        )

    def _learn(self, given: _Given) -> None:
        """What a batch took beyond what it may was a hang, and no pace."""
        newest = min(given.taken_s, given.allowed_s) / given.pages
        pace = self._seconds_per_page.get(given.engine, newest)
        self._seconds_per_page[given.engine] = max(newest, pace + _PACE_MEMORY * (newest - pace))
