"""Extractors: the processes that find fields for the service, as it sees them: asked, and killed when late.

What they do is in `child`. A process is started when it is needed, and kept for the next request.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recto.errors import DeadlineExpired, DocumentTooLarge, RequestRefused
from recto.extraction.fields import ExtractionJson
from recto.serving.entrance import stopping
from recto.serving.extracting.processes import Processes, heard, kill, killed_unless_done, told
from recto.serving.extracting.protocol import Order, Refusal, Reply
from recto.serving.turns import ProcessTurns
from recto.settings.serving import ExtractionSettings

_PROGRAM = "recto.serving.extracting.child"
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
"""They learn nothing of ours, which may hold passwords."""

_log = logging.getLogger(__name__)


class Extractors:
    """At most `workers` processes, of several one is left for other tenants; tenants come in turn."""

    def __init__(self, settings: ExtractionSettings) -> None:
        self._settings = settings
        self._turns = ProcessTurns(settings.workers, max(settings.workers - 1, 1))
        limits = str(settings.memory_bytes), str(settings.timeout_s)
        self._processes = Processes(_PROGRAM, limits, _ENVIRONMENT)

    async def extract(self, order: Order, deadline: float | None, tenant: str) -> ExtractionJson:
        """The fields that are ordered, as `reply` says them. Raises the same."""
        reply = await self.reply(order, deadline, tenant)
        assert reply["extraction"] is not None  # only a language model's part has none
        return reply["extraction"]

    async def reply(self, order: Order, deadline: float | None, tenant: str) -> Reply:
        """The answer to an order, by `deadline` (the event loop's time; None: whenever it is its turn).

        It takes the setting's time at most. Raises RequestRefused for a bad schema, and where the process
        dies; DocumentTooLarge, DeadlineExpired; Draining after `close`.
        """
        try:
            async with asyncio.timeout_at(deadline), self._turn(tenant):
                async with asyncio.timeout(self._settings.timeout_s):
                    reply = await self._asked(order)
        except TimeoutError:
            raise DeadlineExpired(
                "looking for the fields took too long", hint="send fewer pages, or a simpler schema"
            ) from None
        if reply["refusal"] is not None:
            raise _error(reply["refusal"])
        return reply

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run."""
        return self._processes.pids

    async def close(self) -> None:
        """End all processes, and start no more."""
        await self._processes.close()

    @asynccontextmanager
    async def _turn(self, tenant: str) -> AsyncIterator[None]:
        await self._turns.take(tenant)
        try:
            yield
        finally:
            self._turns.give(tenant)

    async def _asked(self, order: Order) -> Reply:
        message = await asyncio.to_thread(json.dumps, order)  # it may be large
        process, _ = await self._processes.take(cwd="/")
        with killed_unless_done(process):
            try:
                await told(process, message.encode())
                reply: Reply = json.loads(await heard(process))
            except (OSError, ValueError):
                kill(process)
                ended = await process.wait()
                if self._processes.is_closed:
                    raise stopping() from None
                _log.error("a process that extracts has ended: %s", ended)
                raise RequestRefused(
                    "looking for the fields broke off", hint="send fewer pages, or a simpler schema"
                ) from None
            self._processes.keep(process)
            return reply


def _error(refusal: Refusal) -> RequestRefused | DocumentTooLarge:
    if refusal["kind"] == "lines":
        return DocumentTooLarge(refusal["what"], hint=refusal["hint"])
    return RequestRefused(refusal["what"], hint=refusal["hint"])
