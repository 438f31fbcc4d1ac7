"""Processes of one program that answer lines of JSON: started when needed, kept for the next, or killed."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from recto.serving.entrance import stopping

_LINE_BYTES = 16_000_000


class Processes:
    """Those of `program`, a module; how many there are at once is up to whoever takes them."""

    def __init__(self, program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = sys.executable, "-P", "-m", program, *arguments
        self._environment = {**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._idle: list[Process] = []
        self._started: list[Process] = []
        self.is_closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run."""
        return tuple(process.pid for process in self._started if process.returncode is None)

    async def take(self, *, cwd: str | None = None) -> tuple[Process, bool]:
        """A process that has nothing to do, and whether it was started just now. Raises Draining."""
        if self.is_closed:
            raise stopping()
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process, False
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=cwd, env=self._environment,
            limit=_LINE_BYTES, start_new_session=True,
        )  # fmt: skip
        self._started = [one for one in self._started if one.returncode is None]
        self._started.append(process)
        return process, True

    def keep(self, process: Process) -> None:
        """It is done, and may be taken again."""
        self._idle.append(process)

    async def close(self) -> None:
        """End all processes, and start no more."""
        self.is_closed = True
        self._idle.clear()
        for process in list(self._started):
            kill(process)
            await process.wait()


async def told(process: Process, line: bytes) -> None:
    """Give the process a line. Raises OSError where it is gone."""
    assert process.stdin is not None
    process.stdin.write(line + b"\n")
    await process.stdin.drain()


async def heard(process: Process) -> bytes:
    """The next line that it says; empty where it has ended. Raises ValueError for one without an end."""
    assert process.stdout is not None
    return await process.stdout.readline()


def kill(process: Process) -> None:
    """End it, whatever it does."""
    with suppress(ProcessLookupError):
        process.kill()


@contextmanager
def killed_unless_done(process: Process) -> Iterator[None]:
    """Whoever doesn't get an answer, being late or gone, kills the process: it still works on it."""
    try:
        yield
    except BaseException:
        kill(process)
        raise
