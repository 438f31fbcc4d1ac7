"""Turns: which document comes next when a process is free. Documents take turns, not pages: of a long one
many pages may wait, and a short one that comes later is still the next."""

import asyncio
from collections import deque

Waiting = asyncio.Future[None]


class Turns:
    """So many may be at work at once; the others wait. Only for one event loop."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: dict[object, deque[Waiting]] = {}

    async def take(self, document: object) -> None:
        """Wait until it is the document's turn. Cancelling gives the turn to the next one."""
        if self._free:
            self._free -= 1
            return
        turn: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(document, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Somebody is done: the document that has waited longest since its last turn comes next."""
        while self._waiting:
            document = next(iter(self._waiting))
            pages = self._waiting.pop(document)
            turn = pages.popleft()
            if pages:
                self._waiting[document] = pages  # at the end
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
