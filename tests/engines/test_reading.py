"""Pages flow through an engine in order, in chunks, with failures as values and one thread at most."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.engines.reading import PAGES_IN_FLIGHT, PageFailure, read_pages
from recto.errors import BrokenDocument, EngineError


def page(number: int, side: int = 4) -> Page:
    return Page("book.pdf", number, np.zeros((side, side, 3), np.uint8))


class Picky:
    """Refuses some pages, and writes down what it was given at once."""

    label = "picky 1"

    def __init__(self, refuses: set[int] = frozenset(), batch_pages: int = 4) -> None:
        self.batch_pages = batch_pages
        self.calls: list[list[int]] = []
        self._refuses = refuses
        self._fake = FakeEngine()

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        self.calls.append([page.number for page in pages])
        if bad := self._refuses & {page.number for page in pages}:
            raise EngineError(f"can't read {sorted(bad)}")
        return self._fake.read(pages)


def decoders() -> int:
    return sum(thread.name.startswith("decode") for thread in threading.enumerate())


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_every_page_once_and_in_order(count: int) -> None:
    engine = Picky()
    readings = list(read_pages(engine, map(page, range(1, count + 1))))
    assert [reading.page for reading in readings] == list(range(1, count + 1))
    assert all(len(call) <= 4 for call in engine.calls)
    assert decoders() == 0


def test_a_bad_page_fails_alone() -> None:
    engine = Picky({2, 5})
    readings = list(read_pages(engine, map(page, range(1, 9))))
    assert [type(reading) for reading in readings] == [
        Transcript, PageFailure, Transcript, Transcript, PageFailure, Transcript, Transcript, Transcript,
    ]  # fmt: skip
    assert readings[1] == PageFailure("book.pdf", 2, readings[1].error)
    assert "can't read [2]" in str(readings[1].error)


def test_a_bad_page_given_alone_is_tried_once() -> None:
    engine = Picky({1}, batch_pages=1)
    assert isinstance(next(read_pages(engine, [page(1)])), PageFailure)
    assert engine.calls == [[1]]


def test_what_is_no_page_passes_through_in_its_place() -> None:
    failure = PageFailure("bad.jpg", None, BrokenDocument("damaged"))
    items = ["start", page(1), failure, page(2), "end"]
    out = list(read_pages(FakeEngine(), items))
    assert [out[0], out[2], out[4]] == ["start", failure, "end"]
    assert [out[1].page, out[3].page] == [1, 2]


def test_failures_alone_dont_pile_up() -> None:
    failure = PageFailure("bad.jpg", None, BrokenDocument("damaged"))
    taken = 0

    def many() -> Iterator[PageFailure]:
        nonlocal taken
        for _ in range(10_000):
            taken += 1
            yield failure

    readings = read_pages(FakeEngine(), many())
    next(readings)
    readings.close()
    assert taken < 2_000


def test_at_most_two_chunks_are_decoded_ahead() -> None:
    taken = 0

    def book() -> Iterator[Page]:
        nonlocal taken
        for number in range(1, 1000):
            taken += 1
            yield page(number)

    readings = read_pages(Picky(batch_pages=4), book())
    for _ in range(40):
        next(readings)
    readings.close()
    assert taken <= 48
    assert decoders() == 0


def test_large_pages_come_in_small_chunks() -> None:
    engine = Picky(batch_pages=8)
    huge = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (5000, 5000, 3))
    list(read_pages(engine, (Page("book.pdf", n, huge) for n in range(1, 6))))
    assert engine.calls == [[1, 2], [3, 4], [5]]


def test_an_error_of_the_source_comes_out_after_what_was_read() -> None:
    def broken() -> Iterator[Page]:
        yield page(1)
        raise BrokenDocument("damaged", where="book.pdf")

    with pytest.raises(BrokenDocument):
        list(read_pages(FakeEngine(), broken()))
    assert decoders() == 0


def test_ctrl_c_in_the_engine_ends_the_thread() -> None:
    class Interrupted(FakeEngine):
        def read(self, pages: Sequence[Page]) -> list[Transcript]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(read_pages(Interrupted(), map(page, range(1, 100))))
    assert decoders() == 0


def test_an_engine_that_drops_pages_is_found_out() -> None:
    class Lossy(FakeEngine):
        def read(self, pages: Sequence[Page]) -> list[Transcript]:
            return super().read(pages)[1:]

    with pytest.raises(EngineError, match="3 transcripts for 4 pages"):
        list(read_pages(Lossy(), map(page, range(1, 5))))


class Serving(FakeEngine):
    """Gathers pages by itself: nobody gets an answer before `company` pages have come."""

    batch_pages = 0

    def __init__(self, company: int, refuses: int = 0) -> None:
        super().__init__()
        self._together, self._refuses = threading.Barrier(company), refuses

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        (page,) = pages
        self._together.wait(30)
        if page.number == self._refuses:
            raise EngineError("can't")
        return super().read(pages)


def test_an_engine_that_gathers_by_itself_gets_several_pages_at_once() -> None:
    items = ["start", *map(page, range(1, 9)), "end"]
    out = list(read_pages(Serving(company=4, refuses=3), items))
    assert [out[0], out[-1]] == ["start", "end"]
    assert [reading.page for reading in out[1:-1]] == list(range(1, 9))
    assert [type(reading) for reading in out[1:-1]].count(PageFailure) == 1
    assert isinstance(out[3], PageFailure)


def test_no_more_pages_are_in_flight_than_memory_has_room_for() -> None:
    taken = 0

    def book(side: int) -> Iterator[Page]:
        nonlocal taken
        huge = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (side, side, 3))
        for number in range(1, 100):
            taken += 1
            yield Page("book.pdf", number, huge)

    class Waiting(FakeEngine):
        batch_pages = 0

    for side, most in ((4, PAGES_IN_FLIGHT + 1), (5000, 3)):
        taken = 0
        readings = read_pages(Waiting(), book(side))
        next(readings)
        readings.close()
        assert taken <= most
