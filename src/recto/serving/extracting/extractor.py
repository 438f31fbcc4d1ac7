"""Extractors: the processes that find fields for the service, as it sees them: asked, and killed when late.

What they do is in `child`. A process is started when it is needed, and kept for the next request.
"""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from recto.errors import DeadlineExpired, DocumentTooLarge, RequestRefused
from recto.extraction.fields import ExtractionJson
from recto.serving.entrance import stopping
from recto.serving.extracting.protocol import Order, Refusal, Reply
from recto.serving.turns import ProcessTurns
from recto.settings.serving import ExtractionSettings

_PROGRAM = "recto.serving.extracting.child"
_ANSWER_BYTES = 16_000_000

_log = logging.getLogger(__name__)


class Extractors:
    """At most `workers` processes, of several one is left for other tenants; tenants come in turn."""

    def __init__(self, settings: ExtractionSettings) -> None:
        self._settings = settings
        self._turns = ProcessTurns(settings.workers, max(settings.workers - 1, 1))
        self._is_closed = False
        self._idle: list[Process] = []
        self._started: list[Process] = []

    async def extract(self, order: Order, deadline: float | None, tenant: str) -> ExtractionJson:
        """The fields that are ordered, by `deadline` (the event loop's time; None: whenever it is its turn).

        Looking for them takes the setting's time at most. Raises RequestRefused for a bad schema, and where
        the process dies; DocumentTooLarge, DeadlineExpired; Draining after `close`.
        """
        try:
            async with asyncio.timeout_at(deadline), self._turn(tenant):
                async with asyncio.timeout(self._settings.timeout_s):
                    reply = await self._asked(order)
        except TimeoutError:
            raise DeadlineExpired(
                "looking for the fields took too long", hint="send fewer pages, or a simpler schema"
            ) from None
        if reply["extraction"] is None:
            raise _error(reply["refusal"])
        return reply["extraction"]

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run."""
        return tuple(process.pid for process in self._started if process.returncode is None)

    async def close(self) -> None:
        """End all processes, and start no more."""
        self._is_closed = True
        self._idle.clear()
        for process in list(self._started):
            _kill(process)
            await process.wait()

    @asynccontextmanager
    async def _turn(self, tenant: str) -> AsyncIterator[None]:
        await self._turns.take(tenant)
        try:
            yield
        finally:
            self._turns.give(tenant)

    async def _asked(self, order: Order) -> Reply:
        message = await asyncio.to_thread(json.dumps, order)  # it may be large
        process = await self._process()
        with _killed_unless_done(process):
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.write(message.encode() + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
                reply: Reply = json.loads(line)
            except (OSError, ValueError):
                _kill(process)
                ended = await process.wait()
                if self._is_closed:
                    raise stopping() from None
                _log.error("a process that extracts has ended: %s", ended)
                raise RequestRefused(
                    "looking for the fields broke off", hint="send fewer pages, or a simpler schema"
                ) from None
            self._idle.append(process)
            return reply

    async def _process(self) -> Process:
        if self._is_closed:
            raise stopping()
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        limits = str(self._settings.memory_bytes), str(self._settings.timeout_s)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _PROGRAM, *limits,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd="/", env=_environment(), limit=_ANSWER_BYTES,
            start_new_session=True,
        )  # fmt: skip
        self._started = [one for one in self._started if one.returncode is None]
        self._started.append(process)
        return process


@contextmanager
def _killed_unless_done(process: Process) -> Iterator[None]:
    """Whoever doesn't get an answer, being late or gone, kills the process: it still works on it."""
    try:
        yield
    except BaseException:
        _kill(process)
        raise


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _environment() -> dict[str, str]:
    """It learns nothing of our environment, which may hold passwords."""
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",
        "LC_ALL": "C.UTF-8",
    }


def _error(refusal: Refusal | None) -> RequestRefused | DocumentTooLarge:
    assert refusal is not None
    if refusal["kind"] == "lines":
        return DocumentTooLarge(refusal["what"], hint=refusal["hint"])
    return RequestRefused(refusal["what"], hint=refusal["hint"])
