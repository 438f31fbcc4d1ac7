"""The retry ladder: who is read again, which reading stands, and what is told."""

from collections.abc import Sequence

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.vlm.ladder import Rung, climb
from recto.errors import EngineError

COMPLETE, CUT, LOOP, NOTHING = Finish.COMPLETE, Finish.TRUNCATED, Finish.REPEATING, Finish.BLANK


def page(number: int = 1) -> Page:
    return Page("a.pdf", number, np.zeros((2, 2, 3), np.uint8))


class Reader:
    """Ends as it is told, by page number; where told nothing, it can't read."""

    def __init__(self, name: str, endings: dict[int, Finish]) -> None:
        self.name, self.endings = name, endings
        self.asked: list[list[int]] = []

    def rung(self) -> Rung:
        return Rung(self.name, self.read)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        self.asked.append([one.number for one in pages])
        if any(one.number not in self.endings for one in pages):
            raise EngineError("it is torn")
        return [
            Transcript("a.pdf", p.number, 2, 2, self.name, (), self.name, self.endings[p.number], seconds=1.0)
            for p in pages
        ]


def test_pages_that_are_whole_are_read_once() -> None:
    first, second = Reader("plainly", {1: COMPLETE, 2: COMPLETE}), Reader("warmer", {})
    read = climb([page(1), page(2)], [first.rung(), second.rung()])
    assert [one.text for one in read] == ["plainly", "plainly"]
    assert not any(one.warnings for one in read)
    assert second.asked == []


def test_only_pages_that_went_wrong_are_read_again_and_that_is_told() -> None:
    first = Reader("plainly", {1: LOOP, 2: COMPLETE, 3: CUT})
    second, third = Reader("warmer", {1: COMPLETE, 3: LOOP}), Reader("hot", {3: NOTHING})
    read = climb([page(1), page(2), page(3)], [first.rung(), second.rung(), third.rung()])
    assert second.asked == [[1, 3]]
    assert third.asked == [[3]]
    assert [(one.text, one.finish, one.seconds) for one in read] == [
        ("warmer", COMPLETE, 2.0),
        ("plainly", COMPLETE, 1.0),
        ("plainly", CUT, 3.0),
    ]
    assert read[0].warnings == ("read 2 times: plainly: repeating; warmer: complete, which stands",)
    assert read[1].warnings == ()
    assert read[2].warnings == (
        "read 3 times: plainly: truncated, which stands; warmer: repeating; hot: nothing was said",
    )


@pytest.mark.parametrize(
    ("endings", "stands"),
    [
        ([NOTHING, LOOP, CUT], 2),
        ([LOOP, LOOP, LOOP], 0),
        ([CUT, LOOP, NOTHING], 0),
        ([NOTHING, CUT, COMPLETE], 2),
        ([NOTHING, COMPLETE, CUT], 1),
    ],
)
def test_the_best_reading_stands_and_of_equal_ones_the_first(endings: list[Finish], stands: int) -> None:
    rungs = [Reader(str(at), {1: ending}).rung() for at, ending in enumerate(endings)]
    [read] = climb([page()], rungs)
    assert (read.text, read.finish) == (str(stands), endings[stands])


def test_a_later_rung_that_cant_read_a_page_is_told_and_reads_the_others() -> None:
    second = Reader("by ppocr", {2: COMPLETE})
    read = climb([page(1), page(2)], [Reader("plainly", {1: LOOP, 2: LOOP}).rung(), second.rung()])
    assert second.asked == [[1, 2], [1], [2]]
    assert [one.text for one in read] == ["plainly", "by ppocr"]
    assert read[0].warnings == ("read 2 times: plainly: repeating, which stands; by ppocr: it is torn",)


def test_what_the_first_rung_raises_is_raised() -> None:
    with pytest.raises(EngineError, match="torn"):
        climb([page()], [Reader("plainly", {}).rung(), Reader("warmer", {1: COMPLETE}).rung()])
