"""Turns: whose page comes next when a process is free: the tenant's that got the least so far.

A tenant's own pages come in the order in which they were asked for. Whoever reads a document asks for one
page at a time (`flow`), so that its documents take turns as well, however long they are. Who got what is in
`fairness`.
"""

import asyncio

from recto.serving.fairness import Turns

Waiting = asyncio.Future[None]

_A_PAGE = 1.0
"""What decoding takes isn't known beforehand: every page costs the same."""


class DecodingTurns:
    """So many may be at work at once; the others wait. Only for one event loop."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._waiting: Turns[Waiting] = Turns()

    async def take(self, tenant: str) -> None:
        """Wait until it is the tenant's turn. Cancelling gives the turn to the next one."""
        if self._free:
            self._free -= 1
            return
        turn: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(tenant, turn, _A_PAGE)
        try:
            await turn
        except asyncio.CancelledError:
            if not self._waiting.remove(tenant, turn):
                self.give()  # it had been given already
            raise

    def give(self) -> None:
        """Somebody is done: the next one comes."""
        turn = self._waiting.take(_anyone)
        if turn is None:
            self._free += 1
        else:
            turn.set_result(None)


def _anyone(_: Waiting) -> bool:
    return True
