"""Candidates: every piece of a Sheet that could be the value of a field, with what stands around it.

Which of them is the value, `ranker` says. A candidate stands in the Sheet as it is: nothing is made up here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from recto.documents.transcript import Box
from recto.errors import DocumentTooLarge
from recto.extraction.habits import USUAL, Habits, with_dollar
from recto.extraction.schema import FieldSpec
from recto.extraction.sheet import Cell, Sheet
from recto.extraction.values import kind_of
from recto.extraction.values.kind import Occurrence, squashed

MOST_CANDIDATES = 50_000
"""Of one field in one document; a full page of text has about a thousand."""
MOST_CELLS = 6
"""An address seldom has more lines."""
_LONGEST = 250
_LETTERS = 3
_GAP = 1.6
"""A block's lines are no further apart than this many line heights."""
_PROSE_WORDS = 5
_LABEL = re.compile(r"[^:]{1,30}?\s*:\s*(?=\S)")
_LONGEST_CELL = 2_000

_ENDS = re.compile(
    r"\s+(?=(?:tel|fax|gst|phone|ph|hp|mobile|e-?mail|www|http|reg|co|company|tax|date|time|invoice|receipt"
    r"|ust|vat|tva|nif|cif|siret|iban|bic|id|no)\b[\s.:#-])|\s*\((?=[^()]*\)?\s*$)|,?\s+(?=an?\s+[A-Z])",
    re.IGNORECASE,
)
"""Where a text may end before its line does: at the label of something else, or at a bracket."""

_NAME = re.compile(
    r"[^\W\d_a-z][\w.&'’-]*(?:,?\s+(?:(?:of|and|de|la|du|the|der|die|und|for|&|-)\s+){0,2}[^\W\d_a-z][\w.&'’-]*){0,9}"
)
"""Capitalised words in prose: names of people, companies and places."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """`printed`, as it stands in `cells`; `value` is its normal form, `key` what compares equal.

    `before` and `after` are what its first and last cell hold besides.
    """

    kind: str
    value: str
    key: str
    printed: str
    cells: tuple[Cell, ...]
    before: str
    after: str
    currency: str = ""

    @property
    def first(self) -> Cell:
        """Where it begins."""
        return self.cells[0]

    @property
    def last(self) -> Cell:
        """Where it ends."""
        return self.cells[-1]

    @property
    def confidence(self) -> float:
        """How sure the reader was of the least sure line."""
        return min(cell.confidence for cell in self.cells)

    @property
    def box(self) -> Box:
        """The box around it; of a part of a cell, as if all letters were equally wide."""
        boxes = [cell.box for cell in self.cells]
        boxes[0] = _cut(boxes[0], self.first.text, len(self.before), 0)
        boxes[-1] = _cut(boxes[-1], self.last.text, 0, len(self.after))
        return (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        )


def key_of(kind: str, value: str) -> str:
    """What is equal where two values are the same: of texts and ids the letters and digits alone.

    Of amounts and numbers it is the plain decimal: 1939.0 is 1939.
    """
    if kind in ("text", "id", "enum"):
        return squashed(value)
    return format(Decimal(value).normalize(), "f") if kind in ("money", "number") else value


def candidates(sheet: Sheet, spec: FieldSpec, habits: Habits = USUAL) -> tuple[Candidate, ...]:
    """Everything in the Sheet that could be a value of the field; `habits` say how dates and $ are meant.

    Raises DocumentTooLarge where that is too much: every candidate costs some tenths of a millisecond.
    """
    every = _texts(sheet) if spec.kind == "text" else _found(sheet, spec, habits)
    found = tuple(islice(every, MOST_CANDIDATES + 1))
    if len(found) > MOST_CANDIDATES:
        what = f"more than {MOST_CANDIDATES:,} places in it could be {spec.name}"
        raise DocumentTooLarge(what, hint="send the pages on which the fields stand")
    return found


def _found(sheet: Sheet, spec: FieldSpec, habits: Habits) -> Iterator[Candidate]:
    """Values that are recognised by their form."""
    kind = kind_of(spec.kind, role=spec.role, choices=spec.choices, order=habits.order)
    for cell in sheet.cells:
        text = cell.text[:_LONGEST_CELL]
        for at in kind.find(text):
            yield _in_cell(spec.kind, cell, with_dollar(text, at, habits))


def _in_cell(kind: str, cell: Cell, at: Occurrence) -> Candidate:
    return Candidate(
        kind=kind,
        value=at.value,
        key=key_of(kind, at.value),
        printed=cell.text[at.start : at.end],
        cells=(cell,),
        before=cell.text[: at.start],
        after=cell.text[at.end :],
        currency=at.currency,
    )


def _texts(sheet: Sheet) -> Iterator[Candidate]:
    """Lines, blocks of lines below each other, each without a label before or after, and names in prose."""
    for cell in sheet.cells:
        if len(cell.text) > _LONGEST_CELL:
            continue
        for start in _starts(cell.text):
            yield from _blocks(sheet, cell, start)
        if len(cell.text.split()) >= _PROSE_WORDS:
            for name in _NAME.finditer(cell.text):
                yield from _text((cell,), name.start(), name.end())


def _blocks(sheet: Sheet, cell: Cell, start: int) -> Iterator[Candidate]:
    chain: tuple[Cell, ...] = (cell,)
    while True:
        last = chain[-1]
        for end in _stops(last.text, start if len(chain) == 1 else 0):
            yield from _text(chain, start, end)
        if last.below is None or len(chain) == MOST_CELLS:
            return
        below = sheet.cells[last.below]
        if below.box[1] - last.box[3] > _GAP * last.height or len(below.text) > _LONGEST_CELL:
            return
        chain = (*chain, below)


def _starts(text: str) -> Iterator[int]:
    yield 0
    if label := _LABEL.match(text):
        yield label.end()


def _stops(text: str, start: int) -> Iterator[int]:
    yield len(text)
    for stop in _ENDS.finditer(text, start + 2):
        yield stop.start()


def _text(cells: Sequence[Cell], start: int, end: int) -> Iterator[Candidate]:
    """The text from `start` in the first cell to `end` in the last; nothing where it is no text."""
    parts = [cell.text for cell in cells]
    before, after = parts[0][:start], parts[-1][end:]
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    printed = " ".join(part.strip() for part in parts).strip(" ,;")
    if len(printed) <= _LONGEST and sum(map(str.isalpha, printed)) >= _LETTERS:
        yield Candidate("text", printed, key_of("text", printed), printed, tuple(cells), before, after)


def _cut(box: Box, text: str, before: int, after: int) -> Box:
    """The box without so many letters at its begin and end."""
    width = (box[2] - box[0]) / max(len(text), 1)
    return (box[0] + before * width, box[1], box[2] - after * width, box[3])
