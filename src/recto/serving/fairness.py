"""Fairness among tenants: how much each may have here (Room), and whose turn is next (Turns).

Both are plain bookkeeping for one thread: no clock, no waiting, no pages. Batcher, entrance and decoders use
them; connections do, with addresses for tenants.
"""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Room:
    """Pages (or connections) that may be here at once, and what of it is anybody's.

    A tenant may have up to `tenant_share / (1 - tenant_share)` times the room that is left after
    it, so that some is always free for one who comes later: alone it gets `tenant_share` of the room, with a
    share of a half two get a third each, three a fourth (Choudhury and Hahne, "Dynamic queue length
    thresholds for shared-memory packet switches", 1998). Who has none here gets in while there is any room.
    """

    def __init__(self, pages: int, tenant_share: float) -> None:
        self._pages, self._share = pages, tenant_share
        self._used = 0
        self._taken: dict[str, int] = {}

    @property
    def used(self) -> int:
        """Pages of all tenants."""
        return self._used

    @property
    def is_full(self) -> bool:
        """Whether there is no room left for anybody."""
        return self._used >= self._pages

    def take(self, pages: int, tenant: str) -> bool:
        """Whether there was room for so many more pages of `tenant`; they are counted then."""
        own, left = self._taken.get(tenant, 0), self._pages - self._used - pages
        if left < 0 or (own and (own + pages) * (1 - self._share) > self._share * left):
            return False
        self._taken[tenant] = own + pages
        self._used += pages
        return True

    def give_back(self, pages: int, tenant: str) -> None:
        """So many pages of `tenant` are done."""
        self._used -= pages
        self._taken[tenant] -= pages
        if not self._taken[tenant]:
            del self._taken[tenant]


@dataclass(slots=True)
class _Line(Generic[Item]):
    """What waits for one tenant, oldest first, each with its cost; and the cost of what it got already."""

    got: float
    items: dict[Item, float] = field(default_factory=dict)


class Turns(Generic[Item]):
    """What waits, by tenant; the next is always of the tenant that got the least so far.

    What each gets is counted in cost, not in items, and only while others wait: who comes anew begins at
    what the least served of those waiting got, so nobody saves up turns (start-time fair queueing; Goyal,
    Vin and Cheng, 1996). What is removed costs nothing.
    """

    def __init__(self) -> None:
        self._lines: dict[str, _Line[Item]] = {}

    def __len__(self) -> int:
        return sum(len(line.items) for line in self._lines.values())

    def add(self, tenant: str, item: Item, cost: float) -> None:
        """`item` waits behind what `tenant` has here already."""
        line = self._lines.setdefault(tenant, _Line(0.0))
        if not line.items:
            least = self._least()
            line.got = max(line.got, least) if math.isfinite(least) else 0.0
        line.items[item] = cost

    def remove(self, tenant: str, item: Item) -> bool:
        """Whether `item` still waited; now it doesn't."""
        line = self._lines.get(tenant)
        found = line is not None and line.items.pop(item, None) is not None
        self._forget()
        return found

    def take(self, fits: Callable[[Item], bool]) -> Item | None:
        """The oldest item that `fits` of the least served tenant that has one; None where none has."""
        for line in sorted(self._lines.values(), key=lambda line: line.got):
            for item, cost in line.items.items():
                if fits(item):
                    del line.items[item]
                    line.got += cost
                    self._forget()
                    return item
        return None

    def _least(self) -> float:
        return min((line.got for line in self._lines.values() if line.items), default=math.inf)

    def _forget(self) -> None:
        """Who waits for nothing is remembered only while it is ahead of somebody who does."""
        least = self._least()
        self._lines = {tenant: line for tenant, line in self._lines.items() if line.items or line.got > least}
