"""Running text: where a text stands in a Sheet, if it does: its letters and digits, whatever is between them.

It may run over several cells of a page: on in reading order, or down a column, as addresses do. It begins
and ends where words do.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from recto.extraction.candidates import MOST_CELLS, Candidate, key_of
from recto.extraction.sheet import Cell, Sheet
from recto.extraction.values.kind import squashed
from recto.extraction.values.text import parse_text

_MOST_TRIES = 1_000
"""Places that begin or end amidst a word; a page of one letter has as many as letters."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter of the running text: of which cell, and where there."""

    cell: int
    offset: int


Place = tuple[int, float, int]
"""Where something begins: row, left edge of its cell, offset in it."""

_Text = tuple[str, list[_Letter]]
"""Letters and digits, and of each its place."""


class RunningText:
    """The pages of a Sheet as one string of letters and digits each."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._cells = [_letters(cell.text, place) for place, cell in enumerate(sheet.cells)]
        self._pages = [_joined(self._cells[start:end]) for start, end in _page_ends(sheet)]

    def find(self, said: str, skip: Collection[Place] = ()) -> Candidate | None:
        """The first place where `said` stands, as a candidate of kind text; None where it doesn't.

        Places in `skip` don't count.
        """
        wanted = _letters(said, 0)[0]
        if not wanted:
            return None
        for text, letters in self._pages:
            if found := self._in_page(wanted, (text, letters), skip):
                return found
        return self._down_a_column(wanted, skip)

    def _in_page(self, wanted: str, page: _Text, skip: Collection[Place]) -> Candidate | None:
        text, letters = page
        at = text.find(wanted)
        for _ in range(_MOST_TRIES):
            if at < 0:
                return None
            first, last = letters[at], letters[at + len(wanted) - 1]
            if self._begins(first) and self._ends(last) and self._place(first) not in skip:
                return self._candidate(range(first.cell, last.cell + 1), first.offset, last.offset + 1)
            at = text.find(wanted, at + 1)
        return None

    def _down_a_column(self, wanted: str, skip: Collection[Place]) -> Candidate | None:
        for place, (text, letters) in enumerate(self._cells):
            for at, letter in enumerate(letters):
                rest = wanted.removeprefix(text[at:])
                if rest in (wanted, "") or self._place(letter) in skip:
                    continue
                if self._begins(letter):
                    below = self._below(place, rest)
                    if below:
                        chain, end = below
                        return self._candidate([place, *chain], letter.offset, end)
        return None

    def _below(self, place: int, rest: str) -> tuple[list[int], int] | None:
        """The cells below this one that hold `rest` to its end, and where it ends in the last."""
        chain: list[int] = []
        while len(chain) < MOST_CELLS:
            below = self._sheet.cells[place].below
            if below is None or self._sheet.cells[below].page != self._sheet.cells[place].page:
                return None
            text, letters = self._cells[below]
            chain.append(below)
            if text.startswith(rest):
                last = letters[len(rest) - 1]
                return (chain, last.offset + 1) if self._ends(last) else None
            if not text or not rest.startswith(text):
                return None
            rest, place = rest[len(text) :], below
        return None

    def _candidate(self, places: Sequence[int], start: int, end: int) -> Candidate:
        cells: tuple[Cell, ...] = tuple(self._sheet.cells[place] for place in places)
        parts = [cell.text for cell in cells]
        before, after = parts[0][:start], parts[-1][end:]
        parts[-1] = parts[-1][:end]
        parts[0] = parts[0][start:]
        printed = " ".join(part.strip() for part in parts)
        value = parse_text(printed) or printed
        return Candidate("text", value, key_of("text", value), printed, cells, before, after)

    def _place(self, letter: _Letter) -> Place:
        cell = self._sheet.cells[letter.cell]
        return cell.row, cell.box[0], letter.offset

    def _begins(self, letter: _Letter) -> bool:
        """Whether no letter or figure stands before this one in its cell."""
        text = self._sheet.cells[letter.cell].text
        return not letter.offset or not text[letter.offset - 1].isalnum()

    def _ends(self, letter: _Letter) -> bool:
        text = self._sheet.cells[letter.cell].text
        return letter.offset + 1 == len(text) or not text[letter.offset + 1].isalnum()


def _page_ends(sheet: Sheet) -> Iterator[tuple[int, int]]:
    """The places of the first cell of each page, and of the first one after it."""
    for _, cells in groupby(range(len(sheet.cells)), key=lambda place: sheet.cells[place].page):
        places = list(cells)
        yield places[0], places[-1] + 1


def _joined(cells: Sequence[_Text]) -> _Text:
    """The cells of a page one after the other."""
    return "".join(text for text, _ in cells), [letter for _, letters in cells for letter in letters]


def _letters(text: str, cell: int) -> _Text:
    """The letters and digits of a text without case, each with its place."""
    plain: list[str] = []
    letters: list[_Letter] = []
    for offset, character in enumerate(text):
        for one in _plain(character):
            plain.append(one)
            letters.append(_Letter(cell, offset))
    return "".join(plain), letters


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    return squashed(character)
