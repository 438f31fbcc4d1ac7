"""Upkeep: what is written down every moment, and what is deleted after its days, while the service runs."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from recto.errors import RectoError

FLUSH_S = 1.0
PURGE_S = 3600.0

_log = logging.getLogger(__name__)

Duty = Callable[[], object]
"""Something short that works in a thread. What fails is told, and done again the next time."""


class Upkeep:
    """Runs its flushes every second and its purges when it starts and every hour, until it is closed."""

    def __init__(self, flushes: Sequence[Duty], purges: Sequence[Duty]) -> None:
        self._flushes = flushes
        self._purges = purges
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Work until `close` is called; then flush a last time."""
        loop = asyncio.get_running_loop()
        purge_at = loop.time()
        while not self._stop.is_set():
            if loop.time() >= purge_at:
                await _done(self._purges)
                purge_at = loop.time() + PURGE_S
            await _done(self._flushes)
            try:
                async with asyncio.timeout(FLUSH_S):
                    await self._stop.wait()
            except TimeoutError:
                continue
        await _done(self._flushes)

    def close(self) -> None:
        """Have `run` come to its end."""
        self._stop.set()


async def _done(duties: Sequence[Duty]) -> None:
    for duty in duties:
        (result,) = await asyncio.gather(asyncio.to_thread(duty), return_exceptions=True)
        if isinstance(result, Exception):  # the words of others' errors could be a document's
            reason = result.what if isinstance(result, RectoError) else type(result).__name__
            _log.error("upkeep failed", extra={"reason": reason})
