"""Turns: who comes next when a process is free: the tenant that got the least so far.

A tenant's own come in the order in which they were asked for. Whoever reads a document asks for one page at a
time (`flow`), so that its documents take turns as well, however long they are. Who got what is in `fairness`.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass

from recto.serving.fairness import Turns

_ONE = 1.0
"""What opening a page or looking for fields takes isn't known beforehand: all cost the same."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Somebody of a tenant, and that his turn has come."""

    tenant: str
    turn: asyncio.Future[None]


class ProcessTurns:
    """So many may be at work at once, `most_each` of one tenant; the others wait. Only for one event loop."""

    def __init__(self, free: int, most_each: int | None = None) -> None:
        self._free, self._most_each = free, most_each or free
        self._at_work: Counter[str] = Counter()
        self._waiting: Turns[_Waiting] = Turns()

    async def take(self, tenant: str) -> None:
        """Wait until it is the tenant's turn. Cancelling gives the turn to the next one."""
        waiting = _Waiting(tenant, asyncio.get_running_loop().create_future())
        self._waiting.add(tenant, waiting, _ONE)
        self._next()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if not self._waiting.remove(tenant, waiting):
                self.give(tenant)  # it had been given already
            raise

    def give(self, tenant: str) -> None:
        """One of the tenant's is done: the next one comes."""
        self._at_work[tenant] -= 1
        if not self._at_work[tenant]:
            del self._at_work[tenant]
        self._free += 1
        self._next()

    def _next(self) -> None:
        while self._free and (waiting := self._waiting.take(self._may_come)):
            self._free -= 1
            self._at_work[waiting.tenant] += 1
            waiting.turn.set_result(None)

    def _may_come(self, waiting: _Waiting) -> bool:
        return not waiting.turn.cancelled() and self._at_work[waiting.tenant] < self._most_each
