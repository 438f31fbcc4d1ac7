"""Backoff: how often something is tried again, and the pauses between. It waits for nobody itself."""

from dataclasses import dataclass


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
