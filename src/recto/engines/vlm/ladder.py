"""The retry ladder: a page that went wrong is read again in other ways, one by one, until one is whole.

This is what olmOCR does: the likeliest reading first, then warmer ones, since a loop is a likely text that a
little chance leaves; then with more pixels, then by another engine. What was tried stands in the Transcript's
warnings, so no reading is passed off as one that came at once. If no way gives a whole page, the best stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.errors import EngineError

_WORTH = {Finish.COMPLETE: 3, Finish.TRUNCATED: 2, Finish.REPEATING: 1, Finish.BLANK: 0}


@dataclass(frozen=True, slots=True)
class Rung:
    """A way to read pages and its `name` in words (`at temperature 0.2`)."""

    name: str
    read: Callable[[Sequence[Page]], list[Transcript]]


@dataclass(slots=True)
class _Climb:
    """One page on its way up: the best reading so far, what it came from, and what became of every try."""

    best: Transcript
    by: int
    tried: list[str]
    seconds: float

    def finished(self) -> Transcript:
        if len(self.tried) == 1:
            return self.best
        tries = [f"{told}, which stands" if at == self.by else told for at, told in enumerate(self.tried)]
        warning = f"read {len(self.tried)} times: {'; '.join(tries)}"
        return replace(self.best, seconds=self.seconds, warnings=(*self.best.warnings, warning))


def climb(pages: Sequence[Page], rungs: Sequence[Rung]) -> list[Transcript]:
    """One Transcript per page, in order: that of the first rung on which it is whole, or the best of all.

    Pages must have ink on them: one about which nothing is said has gone wrong. What the first rung raises is
    raised; a later one that can't read a page is told as tried.
    """
    first, *others = rungs
    climbs = [_Climb(t, 0, [_told(first, t)], t.seconds) for t in first.read(pages)]
    for rung in others:
        wrong = [i for i, one in enumerate(climbs) if one.best.finish is not Finish.COMPLETE]
        if wrong:
            _again([pages[i] for i in wrong], [climbs[i] for i in wrong], rung)
    return [one.finished() for one in climbs]


def _again(pages: Sequence[Page], climbs: Sequence[_Climb], rung: Rung) -> None:
    try:
        readings = rung.read(pages)
    except EngineError as error:
        if len(pages) > 1:
            for page, one in zip(pages, climbs, strict=True):
                _again([page], [one], rung)
        else:
            climbs[0].tried.append(f"{rung.name}: {error.what}")
        return
    for one, reading in zip(climbs, readings, strict=True):
        one.tried.append(_told(rung, reading))
        one.seconds += reading.seconds
        if _WORTH[reading.finish] > _WORTH[one.best.finish]:
            one.best, one.by = reading, len(one.tried) - 1


def _told(rung: Rung, reading: Transcript) -> str:
    nothing = reading.finish is Finish.BLANK
    return f"{rung.name}: {'nothing was said' if nothing else reading.finish.value}"
