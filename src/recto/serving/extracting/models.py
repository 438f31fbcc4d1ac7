"""ModelProcesses: the processes that ask language models for the service, each with its models loaded once.

What they do is in `model_child`. Who hangs up isn't answered, but kills nothing: loading a model anew would
cost everybody. So the turn lasts until the process is done, or takes too long and is killed.
"""

import asyncio
import json
import logging
import os
from asyncio.subprocess import Process

from recto.errors import DeadlineExpired, ModelUnavailable, QueueFull, RequestRefused
from recto.serving.entrance import stopping
from recto.serving.extracting.model_child import GRACE_S, Setup
from recto.serving.extracting.processes import Processes, heard, kill, killed_unless_done, told
from recto.serving.extracting.protocol import Means, WriteOrder, WriteReply, WrittenJson
from recto.serving.turns import ProcessTurns
from recto.settings import Settings

_PROGRAM = "recto.serving.extracting.model_child"
_ANYBODY = ""

_log = logging.getLogger(__name__)

Answer = tuple[str, WrittenJson | None]
"""What the model calls itself, and what it wrote; nothing where it was only loaded."""


class ModelProcesses:
    """At most `extraction.models` processes; tenants come in turn. Only for one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.extraction
        self._turns = ProcessTurns(self._limits.models, max(self._limits.models - 1, 1))
        self._processes = Processes(_PROGRAM, (), os.environ)
        self._setup = Setup(
            text=settings.text,
            vlm=settings.vlm,
            remote=settings.remote,
            load_s=self._limits.model_load_timeout_s,
            answer_s=self._limits.model_timeout_s,
        )
        self._under_way: set[asyncio.Task[Answer]] = set()
        self._waiting = 0

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the processes that run."""
        return self._processes.pids

    async def write(self, order: WriteOrder, deadline: float | None, tenant: str) -> Answer:
        """The model's answer by `deadline` (the event loop's time; None: whenever it is its turn).

        Raises QueueFull where too many wait already (who has no deadline waits all the same);
        DeadlineExpired; Draining after `close`; ModelUnavailable where it can't be loaded or
        asked; RequestRefused for a question that is too long.
        """
        if deadline is not None and self._waiting >= self._limits.model_queue:
            raise QueueFull("too many documents wait for the language model", hint="try again later")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.take(tenant)
                task = asyncio.create_task(self._in_turn(order, tenant))
                self._under_way.add(task)
                task.add_done_callback(self._over)
                return await asyncio.shield(task)
        except TimeoutError:
            raise _late() from None
        finally:
            self._waiting -= 1

    async def load(self, means: Means) -> None:
        """Have the model of this kind loaded before anybody needs it; what is in the way is logged."""
        order: WriteOrder = {"means": means, "folder": None, "question": None, "picture": None}
        try:
            label, _ = await self.write(order, None, _ANYBODY)
            _log.info("a language model is loaded", extra={"engine": label})
        except (ModelUnavailable, DeadlineExpired):
            pass  # it is told already

    async def close(self) -> None:
        """End all processes, and start no more."""
        await self._processes.close()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _over(self, task: asyncio.Task[Answer]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # nobody may be there to hear of it

    async def _in_turn(self, order: WriteOrder, tenant: str) -> Answer:
        try:
            return await self._asked(order)
        finally:
            self._turns.give(tenant)

    async def _asked(self, order: WriteOrder) -> Answer:
        message = await asyncio.to_thread(json.dumps, order)  # a picture is large
        process, is_new = await self._processes.take()
        with killed_unless_done(process):
            try:
                if is_new:
                    await told(process, self._setup.model_dump_json().encode())
                await told(process, message.encode())
                reply = await self._reply(process, self._limits.model_load_timeout_s)
                label = reply.get("ready", "")
                if order["question"] is not None and "problem" not in reply:
                    reply = await self._reply(process, self._limits.model_timeout_s)
            except (OSError, ValueError):
                raise await self._ended(process) from None
        self._processes.keep(process)
        if reply.get("refused"):
            raise RequestRefused("the language model can't be asked for so much", hint="a smaller schema")
        if "problem" in reply:
            _log.error("a language model can't be asked", extra={"reason": reply["problem"]})
            raise _unavailable()
        return label, reply.get("written")

    async def _reply(self, process: Process, longest_s: float) -> WriteReply:
        """The next reply. Raises DeadlineExpired, ValueError where the process has ended."""
        try:
            async with asyncio.timeout(longest_s + GRACE_S):
                reply: WriteReply = json.loads(await heard(process))
        except TimeoutError:
            _log.warning("a process that asks a language model was killed", extra={"after_s": longest_s})
            raise _late() from None
        return reply

    async def _ended(self, process: Process) -> Exception:
        kill(process)
        code = await process.wait()
        if self._processes.is_closed:
            return stopping()
        _log.error("a process that asks a language model has ended", extra={"exit_code": code})
        return _unavailable()


def _unavailable() -> ModelUnavailable:
    return ModelUnavailable("the language model can't be asked now", hint="try again later")


def _late() -> DeadlineExpired:
    return DeadlineExpired("the language model took too long", hint="send fewer pages, or a job")
