"""Reading: pages flow through an Engine in chunks, and the next chunk is decoded while this one is read.

Any number of pages is read in constant memory: at most two chunks are alive. An engine that gathers batches
by itself (a server) gets single pages instead, several at once, PAGES_IN_FLIGHT at most. A page that an
Engine can't read fails alone, as a value. Opening files is in `documents/opening`.
"""

import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.errors import EngineError, RectoError

Item = TypeVar("Item")

PAGES_IN_FLIGHT = 16
"""So many pages are with an engine that gathers batches by itself."""

_CHUNK_PIXELS = 40_000_000  # one page of the largest size, or ten A4 pages at 200 dpi: 120 MB
_CHUNK_ITEMS = 256  # a stream of failures alone is handed on as well


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that couldn't be opened or read, and why; `page` is None where no page could be opened."""

    document: str
    page: int | None
    error: RectoError


def read_pages(engine: Engine, pages: Iterable[Page | Item]) -> Iterator[Transcript | PageFailure | Item]:
    """What `engine` says of each page, in order and lazily: a Transcript, or a PageFailure.

    Whatever in `pages` isn't a Page (a PageFailure of a document that couldn't be opened, a mark of the
    caller's own) is handed through in its place. `pages` is advanced in one background thread, a chunk of
    `engine.batch_pages` pages ahead of the engine; closing the iterator, an error or Ctrl-C stop it.

    Raises what `pages` raises; EngineErrors become values.
    """
    if engine.batch_pages == 0:
        yield from _read_in_flight(engine, pages)
    else:
        yield from _read_in_chunks(engine, pages)


def _read_in_flight(
    engine: Engine, pages: Iterable[Page | Item]
) -> Iterator[Transcript | PageFailure | Item]:
    """Each page in a call of its own; the next ones are decoded and sent while the first is waited for."""
    waiting: deque[_InFlight | Item] = deque()
    with ThreadPoolExecutor(PAGES_IN_FLIGHT, "read") as readers:
        try:
            for item in pages:
                while waiting and (_is_done(waiting[0]) or _is_full(waiting)):
                    yield _result(waiting.popleft())
                if isinstance(item, Page):
                    pixels = item.width * item.height
                    waiting.append(_InFlight(readers.submit(_read, engine, [item]), pixels))
                else:
                    waiting.append(item)
            while waiting:
                yield _result(waiting.popleft())
        finally:
            readers.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _InFlight:
    """A page that is being read, and how large it is."""

    readings: Future[list[Transcript | PageFailure]]
    pixels: int


def _is_done(item: object) -> bool:
    return not isinstance(item, _InFlight) or item.readings.done()


def _is_full(waiting: Collection[object]) -> bool:
    """Whether no more may be alive; what is no page counts as one."""
    pixels = sum(item.pixels for item in waiting if isinstance(item, _InFlight))
    return len(waiting) >= PAGES_IN_FLIGHT or pixels >= _CHUNK_PIXELS


def _result(item: _InFlight | Item) -> Transcript | PageFailure | Item:
    return item.readings.result()[0] if isinstance(item, _InFlight) else item


def _read_in_chunks(
    engine: Engine, pages: Iterable[Page | Item]
) -> Iterator[Transcript | PageFailure | Item]:
    stop = threading.Event()
    source = iter(pages)
    size = engine.batch_pages

    def take() -> list[Page | Item]:
        return _take_chunk(source, size, stop)

    with ThreadPoolExecutor(1, "decode") as decoder:
        try:
            ahead = decoder.submit(take)
            while chunk := ahead.result():
                ahead = decoder.submit(take)
                yield from _read_chunk(engine, chunk)
        finally:
            stop.set()


def _take_chunk(source: Iterator[Page | Item], size: int, stop: threading.Event) -> list[Page | Item]:
    """The next items: `size` pages, or fewer where they are large; none at the end or when told to stop."""
    chunk: list[Page | Item] = []
    pages = pixels = 0
    while not stop.is_set() and len(chunk) < _CHUNK_ITEMS:
        try:
            item = next(source)
        except StopIteration:
            break
        chunk.append(item)
        if isinstance(item, Page):
            pages += 1
            pixels += item.width * item.height
            if pages >= size or pixels >= _CHUNK_PIXELS:
                break
    return chunk


def _read_chunk(engine: Engine, chunk: Sequence[Page | Item]) -> Iterator[Transcript | PageFailure | Item]:
    readings = iter(_read(engine, [item for item in chunk if isinstance(item, Page)]))
    for item in chunk:
        yield next(readings) if isinstance(item, Page) else item


def _read(engine: Engine, pages: Sequence[Page]) -> list[Transcript | PageFailure]:
    """One reading per page; where the engine fails on several, each is read again alone."""
    if not pages:
        return []
    try:
        transcripts = engine.read(pages)
    except EngineError as error:
        if len(pages) == 1:
            return [PageFailure(pages[0].document, pages[0].number, error)]
        return [reading for page in pages for reading in _read(engine, [page])]
    if len(transcripts) != len(pages):
        raise EngineError(
            f"{engine.label} gave {len(transcripts)} transcripts for {len(pages)} pages",
            where=pages[0].document,
            hint="this is a fault of the engine: please report it",
        )
    return list(transcripts)
