"""Work in threads whose failure is a value: a fault of an engine or a file mustn't end the task that waits.

What comes back is what the work returned, or whatever error it raised, of whichever kind.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """The work raised `error`."""

    error: BaseException

    def __str__(self) -> str:
        """`ValueError at reader.py:87`: its kind and place, without its words, which may quote a document."""
        frames = extract_tb(self.error.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return f"{type(self.error).__name__}{place}"


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The work returned `value`."""

    value: T


async def outcome(threads: Executor, work: Callable[[], T]) -> Done[T] | Failed:
    """Run `work` in one of `threads` and wait for it; cancelling drops it if it hasn't begun."""
    future = asyncio.get_running_loop().run_in_executor(threads, work)
    future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it has been seen
    try:
        await asyncio.wait([future])
    finally:
        future.cancel()
    error = future.exception()
    return Done(future.result()) if error is None else Failed(error)
