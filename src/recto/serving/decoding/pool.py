"""Decoders: a few processes that open strangers' files, page by page, for every tenant in turn.

A document isn't bound to a process: each page goes to one that has it open, if that one is free, else to any
free one, which opens it. So a long job never holds a process longer than a page takes, and a process that
dies takes nothing with it.
"""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from recto.documents.page import Page
from recto.errors import BrokenDocument, DocumentError, DocumentNotFound, Draining, ServingError
from recto.serving.decoding.process import Answer, DecoderProcess
from recto.serving.decoding.protocol import OVER_MEMORY, Order, Setup
from recto.serving.decoding.reply import error_of
from recto.serving.turns import ProcessTurns
from recto.settings import UploadSettings

ATTEMPTS = 2
"""Processes may be killed by others: what the first one died of was perhaps not the document."""

NAME_LENGTH = 500

_log = logging.getLogger(__name__)


class Opened:
    """An open document: its pages can be taken in any order, and several at once."""

    def __init__(self, decoders: "Decoders", file: IO[bytes], name: str, max_pages: int, tenant: str) -> None:
        self._decoders = decoders
        self.tenant = tenant
        self._file = file
        self._name = name[:NAME_LENGTH]
        self._max_pages = max_pages
        self.page_count = 0
        self.sha256 = ""

    async def page(self, number: int) -> Page:
        """Page `number`, from 1. Raises a DocumentError that names document and page."""
        if not 1 <= number <= self.page_count:
            raise DocumentError(
                f"there is no page {number}: the document has {self.page_count}",
                where=self._name,
                hint="pages count from 1",
            )
        answer = await self._decoders.ask(self, number)
        assert answer.image is not None
        reply = answer.reply
        return Page(self._name, number, answer.image, reply.sha256, dpi=reply.dpi)

    @property
    def descriptor(self) -> int:
        """The open file."""
        return self._file.fileno()

    def order(self, number: int, *, fresh: bool) -> Order:
        """What a process is told."""
        return Order(name=self._name, number=number, max_pages=self._max_pages, fresh=fresh, forget=False)

    async def open(self) -> None:
        """Have a process open it, so that its pages are known. Raises DocumentErrors."""
        reply = (await self._decoders.ask(self, 0)).reply
        self.page_count, self.sha256 = reply.page_count, reply.sha256


class Decoders:
    """The processes, and who may ask one next. Only for one event loop."""

    def __init__(self, settings: UploadSettings) -> None:
        self._page_s = settings.decode_timeout_s
        setup = Setup(
            max_bytes=settings.max_upload_bytes,
            max_pixels=settings.max_pixels,
            dpi=settings.dpi,
            page_s=settings.decode_timeout_s,
            memory_bytes=settings.decode_memory_bytes,
        )
        self._all = [DecoderProcess(setup) for _ in range(settings.decode_workers)]
        self._idle = list(self._all)
        self._turns = ProcessTurns(len(self._all))
        self._starting: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """Of the processes that are there."""
        return [process.pid for process in self._all if process.pid is not None and process.is_alive()]

    async def start(self) -> None:
        """Start all processes, and wait until they could decode. Raises ServingError."""
        await asyncio.gather(*(_started(process) for process in self._all))

    async def close(self) -> None:
        """Kill all processes, whatever they do."""
        self._is_closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(process.stop() for process in self._all))

    @asynccontextmanager
    async def open(
        self, source: Path | bytes | IO[bytes], *, name: str, max_pages: int, tenant: str
    ) -> AsyncIterator[Opened]:
        """A document of `tenant`; `name` is what pages and errors call it, and no path is ever told.

        Raises DocumentErrors; ServingError where no process can be started, Draining after `close`.
        """
        with _as_file(source, name) as file:
            opened = Opened(self, file, name, max_pages, tenant)
            try:
                await opened.open()
                yield opened
            finally:
                for process in self._idle:
                    if process.holding is opened:
                        process.forget()

    async def ask(self, opened: Opened, number: int) -> Answer:
        """One page (0: only the opening) by the next free process; tried again if that one dies.

        Raises DocumentErrors, BrokenDocument also where two processes died of it or one took too long.
        """
        process = await self._taken(opened)
        try:
            return await self._asked(process, opened, number)
        finally:
            self._give_back(process, opened.tenant)

    async def _asked(self, process: DecoderProcess, opened: Opened, number: int) -> Answer:
        ends: list[int | None] = []
        for _ in range(ATTEMPTS):
            if self._is_closed:
                raise Draining("the service is about to stop", hint="try again in a moment")
            if not process.is_alive():
                await _started(process)
            try:
                answer = await self._answer(process, opened, number)
            except (ConnectionError, BlockingIOError):
                ends.append(await process.stop())
                _log.warning("a decoder died", extra={"exit_code": ends[-1], "page": number})
                continue
            if answer.reply.problem is not None:
                raise error_of(answer.reply.problem)
            return answer
        raise _failed(opened, number, "takes too much memory" if OVER_MEMORY in ends else "failed twice")

    async def _answer(self, process: DecoderProcess, opened: Opened, number: int) -> Answer:
        """Raises ConnectionError where the process died; it is dead after any error from here."""
        fresh = process.holding is not opened
        try:
            async with asyncio.timeout(self._page_s):
                order = opened.order(number, fresh=fresh)
                answer = await process.ask(order, opened.descriptor if fresh else None)
        except TimeoutError:
            process.kill()
            _log.warning("a decoder was killed", extra={"after_s": self._page_s, "page": number})
            raise _failed(opened, number, f"takes more than {self._page_s:g} s") from None
        except BaseException:  # given up by whoever asked: it would answer the next one with this page
            process.kill()
            raise
        process.holding = opened if answer.reply.page_count else None
        return answer

    async def _taken(self, opened: Opened) -> DecoderProcess:
        await self._turns.take(opened.tenant)
        best = min(
            self._idle, key=lambda p: (p.holding is not opened, not p.is_alive(), p.holding is not None)
        )
        self._idle.remove(best)
        return best

    def _give_back(self, process: DecoderProcess, tenant: str) -> None:
        """Free for the next one; a dead process is started first, before anybody needs it."""
        if process.is_alive() or self._is_closed:
            self._idle.append(process)
            self._turns.give(tenant)
            return
        task = asyncio.create_task(self._revive(process, tenant))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _revive(self, process: DecoderProcess, tenant: str) -> None:
        try:
            await _started(process)
        except ServingError as error:
            _log.error("a decoder can't be started", extra={"reason": error.what})
        finally:
            self._idle.append(process)
            self._turns.give(tenant)


async def _started(process: DecoderProcess) -> None:
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            await process.start()
        except (OSError, TimeoutError) as error:
            reason = type(error).__name__
        else:
            return
    raise ServingError(
        f"no process could be started for opening documents ({reason})", hint="try again later"
    )


def _failed(opened: Opened, number: int, how: str) -> BrokenDocument:
    name = opened.order(number, fresh=False)["name"]
    return BrokenDocument(
        f"opening it {how}",
        where=f"{name}, page {number}" if number else name,
        hint="it may be damaged, or too complex: save it anew in a simpler form, for example as PNG",
    )


@contextmanager
def _as_file(source: Path | bytes | IO[bytes], name: str) -> Iterator[IO[bytes]]:
    """An open file with all of the bytes; those that weren't in one go into one without a name."""
    if isinstance(source, bytes):
        with tempfile.TemporaryFile() as file:
            file.write(source)
            file.flush()
            yield file
    elif isinstance(source, Path):
        with _opened(source, name) as stored:
            yield stored
    else:
        source.flush()
        yield source


def _opened(path: Path, name: str) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError:
        raise DocumentNotFound("its bytes are gone", where=name, hint="send it again") from None
