"""Backoff: how often something is tried again, and the pauses between. It waits for nobody itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Backoff:
    """`attempts` in all; the first pause is `first_s` long, each next twice as long, `longest_s` at most."""

    attempts: int = 5
    first_s: float = 0.5
    longest_s: float = 30.0

    def pause_s(self, failures: int, asked_s: float | None = None) -> float | None:
        """The pause after so many failures (from 1) in a row; None: don't try again.

        `asked_s` is what the other side asked for (Retry-After). More than `longest_s` is not waited for.
        """
        if failures >= self.attempts or (asked_s is not None and asked_s > self.longest_s):
            return None
        pause = min(self.first_s * 2.0 ** (failures - 1), self.longest_s)
        return pause if asked_s is None else max(pause, asked_s)


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """The seconds that a Retry-After asks for (RFC 9110, 10.2.3); None if it says nothing."""
    if not header:
        return None
    if header.isdecimal():
        return float(header)
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max((when.replace(tzinfo=when.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds(), 0.0)
