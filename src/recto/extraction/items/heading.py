"""Heading: the row of a table that names its columns, found by the labels of the wanted fields.

A head may go over three rows; columns that nobody asked for count too, since values stand below them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from recto.extraction.items.grid import LONGEST_CELL, Row, across
from recto.extraction.items.sums import is_tax
from recto.extraction.patterns import WORDS, Label, split_label
from recto.extraction.schema import FieldSpec

_FEWEST = 2
"""Names of columns in one row; one alone is a label of something else."""
_MOST_LABEL_WORDS = 4
_LETTERS = 2
_SOON = 6
_MOST_NAMES = 30
_KNOWN_SHARE = 0.34
"""Of the words of a head; prose has less."""


@dataclass(frozen=True, slots=True)
class Column:
    """A name in the head, from `left` to `right` in pixels; `field` is "" where nobody asked for it."""

    field: str
    left: float
    right: float

    def off(self, left: float, right: float) -> tuple[float, float]:
        """How far something from `left` to `right` is from below it: the gap, and between the middles."""
        gap = max(self.left - right, left - self.right, 0.0)
        return gap, abs(self.left + self.right - left - right) / 2


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns from left to right; `row` is the last row of the head, `first` its first one."""

    first: int
    row: int
    columns: tuple[Column, ...]
    fields: frozenset[str] = field(default_factory=frozenset)

    def column_at(self, left: float, right: float) -> Column:
        """The column whose name is nearest to what stands from `left` to `right`."""
        return min(self.columns, key=lambda column: column.off(left, right))


@dataclass(frozen=True, slots=True)
class _Name:
    """One name in a row, and the fields that have it as a label."""

    fields: tuple[str, ...]
    left: float
    right: float


class Labels:
    """The labels of the fields of an item, looked up by their words."""

    def __init__(self, specs: Sequence[FieldSpec]) -> None:
        self._owners: dict[Label, list[str]] = {}
        for spec in specs:
            for label in map(split_label, spec.labels):
                if label and len(label) <= _MOST_LABEL_WORDS:
                    self._owners.setdefault(label, []).append(spec.name)
        self._texts = {spec.name for spec in specs if spec.kind == "text"}
        self._by_role = {spec.role: spec.name for spec in specs if spec.role}

    def heading(self, rows: Sequence[Row], sums: Collection[int]) -> Heading | None:
        """The first row that names most columns, with what its neighbours add; None where none names two."""
        best: tuple[int, int] = (0, 0)
        for place, row in enumerate(rows):
            if not _may_name(row) or not _has_lines_below(rows, place, sums):
                continue
            names = self._names(row)
            if len(names) > _MOST_NAMES:
                continue
            told = {name.fields[:1] for name in names if name.fields}
            known = sum(bool(name.fields) for name in names)
            numeric = any(set(name.fields) - self._texts for name in names)
            if len(told) >= _FEWEST and numeric and known >= _KNOWN_SHARE * len(names):
                best = max(best, (len(told), -place))
        return self._around(rows, -best[1]) if best[0] else None

    def _around(self, rows: Sequence[Row], place: int) -> Heading:
        """The head at this row, with the names that the rows above and below it add to it."""
        names = self._names(rows[place])
        first = last = place
        for beside in (place - 1, place + 1):
            if not 0 <= beside < len(rows) or rows[beside].page != rows[place].page:
                continue
            if not _may_name(rows[beside]):
                continue
            told = {field for name in names for field in name.fields}
            more = self._names(rows[beside])
            if any(set(name.fields) - told for name in more) and all(name.fields for name in more):
                names += more
                first, last = min(first, beside), max(last, beside)
        columns = tuple(self._shared_out(sorted(names, key=lambda name: name.left)))
        fields = frozenset(column.field for column in columns if column.field)
        return Heading(first, last, columns, fields)

    def _names(self, row: Row) -> list[_Name]:
        """The names in a row: the longest labels, and single words that are none."""
        out: list[_Name] = []
        for cell in row.cells:
            words = [
                (match[0].casefold(), match.start(), match.end())
                for match in WORDS.finditer(cell.text[:LONGEST_CELL])
            ]
            place = 0
            while place < len(words):
                size, owners = self._label(
                    tuple(word for word, _, _ in words[place : place + _MOST_LABEL_WORDS])
                )
                start, end = words[place][1], words[place + size - 1][2]
                out.append(_Name(owners, across(cell, start), across(cell, end)))
                place += size
        return out

    def _label(self, words: Label) -> tuple[int, tuple[str, ...]]:
        for size in range(min(_MOST_LABEL_WORDS, len(words)), 0, -1):
            if words[:size] in self._owners:
                return size, tuple(self._owners[words[:size]])
        return 1, ()

    def _shared_out(self, names: Sequence[_Name]) -> Iterator[Column]:
        """Each field to one name: those that have a name for themselves first, then shared ones.

        Of names that unit price and amount share ("price", "total"), the last is the amount.
        """
        taken: dict[int, str] = {}
        amount = self._by_role.get("line_amount", "")
        order = sorted(enumerate(names), key=lambda one: (len(one[1].fields), -one[0]))
        for place, name in order:
            free = [field for field in name.fields if field not in taken.values()]
            if amount in free and len(free) > 1:
                later = any(amount in other.fields for other in names[place + 1 :])
                free = [field for field in free if (field == amount) is not later] or free
            if free:
                taken[place] = free[0]
        for place, name in enumerate(names):
            yield Column(taken.get(place, ""), name.left, name.right)


def _may_name(row: Row) -> bool:
    """Whether it has words, neither figures (but rates) nor a colon, and isn't about taxes."""
    text = row.text
    letters = sum(map(str.isalpha, text))
    if letters < _LETTERS or ":" in text or is_tax(row):
        return False
    return all(figure.is_rate for figure in row.figures)


def _has_lines_below(rows: Sequence[Row], place: int, sums: Collection[int]) -> bool:
    """Whether a row with figures, that is no sum, comes soon after it."""
    soon = range(place + 1, min(place + 1 + _SOON, len(rows)))
    return any(rows[below].figures and below not in sums for below in soon)
