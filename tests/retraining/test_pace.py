"""Two models on the same pages by turns: nobody's time is of another minute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed

import pytest

from recto.datasets.example import Example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import EngineError
from recto.registry.gates import Timing
from recto.retraining.pace import PAGES, TIMINGS, measure_timings, spread

MakePage = Callable[..., Example]


@dataclass
class Track:
    """A clock, and who read which page."""

    now_s: float = 0.0
    read: list[tuple[str, str]] = field(default_factory=list)

    def clock(self) -> float:
        return self.now_s


@dataclass
class Runner:
    """An Engine that takes so many seconds a page; twice as many once the machine is busy."""

    track: Track
    label: str
    seconds: float
    busy_from_s: float = float("inf")
    unable: str = ""
    batch_pages: int = 4

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        if pages[0].document == self.unable:
            raise EngineError("can't")
        slow = 2 if self.track.now_s >= self.busy_from_s else 1
        self.track.now_s += self.seconds * slow * len(pages)
        self.track.read += [(self.label, page.document) for page in pages]
        return FakeEngine().read(pages)


def test_they_take_turns_on_the_same_page(page: MakePage) -> None:
    track = Track()
    pages = [changed(page(n, "a"), image=f"{n}.png") for n in range(20)]
    timings = measure_timings((Runner(track, "new", 2), Runner(track, "old", 1)), pages, clock=track.clock)
    assert timings == (Timing(2, 1),) * TIMINGS
    turns = [track.read[i : i + 2] for i in range(2, len(track.read), 2)]  # each warms up once
    assert len({image for _, image in track.read}) == PAGES
    assert all(one[1] == other[1] and {one[0], other[0]} == {"new", "old"} for one, other in turns)
    assert sum(one[0] == "new" for one, _ in turns) == TIMINGS // 2, "each begins as often as the other"


def test_a_machine_that_becomes_busy_slows_both(page: MakePage) -> None:
    track = Track()
    new, old = (Runner(track, name, 1, busy_from_s=20) for name in ("new", "old"))
    timings = measure_timings((new, old), [page(1, "a"), page(2, "b")], clock=track.clock)
    assert len(timings) == TIMINGS
    assert sum(timing.candidate_s != timing.current_s for timing in timings) <= 1


@pytest.mark.parametrize("unable", ["new", "old"])
def test_a_page_that_one_can_t_read_has_no_timings(page: MakePage, unable: str) -> None:
    track = Track()
    models = tuple(
        Runner(track, name, 1, unable="page_1.png" if name == unable else "") for name in ("new", "old")
    )
    broken = changed(page(3, "c"), source=b"no image")
    timings = measure_timings((models[0], models[1]), [page(1, "a"), page(2, "b"), broken], clock=track.clock)
    assert len(timings) == TIMINGS // 3
    assert measure_timings((models[0], models[1]), [broken], clock=track.clock) == ()


def test_the_pages_are_spread_and_always_the_same() -> None:
    examples = [Example(f"{n}.png", b"", "a", "receipt") for n in range(13)]
    assert [e.image for e in spread(examples, 3)] == ["0.png", "4.png", "8.png"]
    assert spread(examples[:2], 3) == examples[:2]
    assert spread([], 3) == []
