"""Quota: how many requests a key may make in a minute, and how many pages it may have read in a day (UTC).

Requests are counted in memory (a bucket that refills steadily, so that a minute's worth may come at once).
Pages are counted in memory, too, and written down every moment by `flush`: a service that is killed forgets
the pages since the last one, and several services at one database see each other's with that delay.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from recto.errors import RateLimited
from recto.serving.keys import Caller
from recto.settings import AccessSettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import UsageRow
from recto.workspace.utc import now

_MINUTE_S = 60

Clock = Callable[[], float]
"""Seconds that only grow."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


@dataclass(slots=True)
class _Day:
    """A key's pages of one day: those that the database knows, and those that it doesn't know yet."""

    written: int
    pending: int = 0


class Quota:
    """Counts for all keys; it may be asked from any thread. Those who have no key aren't counted."""

    def __init__(
        self,
        workspace: Workspace,
        settings: AccessSettings,
        *,
        clock: Clock = time.monotonic,
        today: Callable[[], datetime] = now,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._clock = clock
        self._today = today
        self._buckets: dict[int, _Bucket] = {}
        self._days: dict[tuple[int, date], _Day] = {}
        self._lock = threading.Lock()
        """Held for moments only, never across the database: an event loop waits for it, too."""
        self._writing = threading.Lock()

    def admit(self, caller: Caller) -> None:
        """Count one request. Raises RateLimited; `retry_after_s` says when the next one is admitted."""
        limit = _limit(caller.requests_per_minute, self._settings.requests_per_minute)
        if caller.key_id is None or not limit:
            return
        with self._lock:
            at_s = self._clock()
            bucket = self._buckets.setdefault(caller.key_id, _Bucket(limit, at_s))
            bucket.tokens = min(limit, bucket.tokens + (at_s - bucket.at_s) * limit / _MINUTE_S)
            bucket.at_s = at_s
            if bucket.tokens < 1:
                raise RateLimited(
                    f"this key may make {limit} requests per minute",
                    hint=f"try again in {_wait_s(bucket, limit)} s",
                )
            bucket.tokens -= 1

    def retry_after_s(self, caller: Caller) -> int:
        """So long a caller who was refused should wait: for the next request, or else for tomorrow."""
        limit = _limit(caller.requests_per_minute, self._settings.requests_per_minute)
        with self._lock:
            bucket = self._buckets.get(caller.key_id or 0)
            if bucket is not None and limit and bucket.tokens < 1:
                return _wait_s(bucket, limit)
        moment = self._today()
        gone = moment.hour * 3600 + moment.minute * 60 + moment.second
        return 24 * 3600 - gone

    def take(self, caller: Caller, pages: int) -> None:
        """Count pages, before they are read. Raises RateLimited where that many aren't left of the day."""
        if caller.key_id is None:
            return
        limit = _limit(caller.pages_per_day, self._settings.pages_per_day)
        at, written = self._known(caller.key_id)
        with self._lock:
            counted = self._days.setdefault(at, _Day(written))
            left = limit - counted.written - counted.pending
            if limit and pages > left:
                raise RateLimited(
                    f"this key may have {limit} pages read per day; {max(left, 0)} are left",
                    hint="the day ends at midnight UTC",
                )
            counted.pending += pages

    def give_back(self, caller: Caller, pages: int) -> None:
        """Pages that were taken and then weren't read after all; never more than were taken on this day."""
        if caller.key_id is None:
            return
        at, written = self._known(caller.key_id)
        with self._lock:
            counted = self._days.setdefault(at, _Day(written))
            counted.pending -= max(min(pages, counted.written + counted.pending), 0)

    def flush(self) -> None:
        """Write down what was counted, and learn what other services at this database have written."""
        with self._writing:  # what two wrote at once would be written twice
            with self._lock:
                waiting = {at: day.pending for at, day in self._days.items() if day.pending}
            totals = self._written(waiting) if waiting else {}
            today = self._today().date()
            with self._lock:
                for at, total in totals.items():
                    self._days[at].written = total
                    self._days[at].pending -= waiting[at]
                for at in [at for at, day in self._days.items() if at[1] != today and not day.pending]:
                    del self._days[at]

    def _known(self, key_id: int) -> tuple[tuple[int, date], int]:
        """The key's day, and what the database knows of it: asked without the lock, on which a loop may wait.

        Where another thread is first, what that one found counts.
        """
        at = (key_id, self._today().date())
        with self._lock:
            day = self._days.get(at)
            if day is not None:
                return at, day.written
        with self._workspace.read() as session:
            row = session.get(UsageRow, at)
            return at, 0 if row is None else row.pages

    def _written(self, pages: Mapping[tuple[int, date], int]) -> dict[tuple[int, date], int]:
        """Add the pages to what the database knows, all or nothing; the totals. One writer at a time."""
        totals = {}
        with self._workspace.transaction() as session:
            for (key_id, day), count in pages.items():
                row = session.get(UsageRow, (key_id, day)) or UsageRow(key_id=key_id, day=day, pages=0)
                session.add(row)
                row.pages += count
                totals[key_id, day] = row.pages
        return totals


def pages_on(workspace: Workspace, day: date) -> dict[int, int]:
    """How many pages each key has had read on a day, by its id."""
    with workspace.read() as session:
        return {row.key_id: row.pages for row in session.scalars(select(UsageRow).where(UsageRow.day == day))}


def _limit(own: int | None, of_settings: int) -> int:
    return of_settings if own is None else own


def _wait_s(bucket: _Bucket, limit: int) -> int:
    return max(1, math.ceil((1 - bucket.tokens) * _MINUTE_S / limit))
