"""Patterns: what labels and places say of a candidate with no training at all: rules that people know.

A ranker adds what it has learnt to these. The labels come from the schema, in all its languages.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recto.extraction.candidates import Candidate
from recto.extraction.features import Company, company_of
from recto.extraction.ranker import Scores
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.sheet import Sheet

_UNLABELLED = -3.0
"""Without a label or a role, no candidate is likelier than none."""
_AT_LABEL, _NEAR_LABEL, _UNDER_LABEL = 5.0, 3.0, 3.5
_NEAR_WORDS = 12
_MOST_CLIMBED = 6
"""Rows of a column of amounts below its header."""
_WORD_MORE = 0.4
"""A longer label says more."""

_OF_ANOTHER = -4.0
"""A text that is another field's label and value ("Total: EUR 12.00") is no name, and no address."""
_BOX_NUMBER = -4.0
"""The figure that begins "16 State tax withheld" counts the boxes of a form: it is no amount."""
_NAMES = frozenset({"vendor", "address", "party", "buyer"})
_VALUES = frozenset({"money", "date", "id", "number"})
_WORDS_OF_VALUES = 2
"""Beside currencies: "on August 3, 2014"."""

_MOST_KNOWN = 20_000
"""Places around candidates that are remembered."""

WORDS = re.compile(r"[^\W\d_]+")
"""What counts as a word of a label."""
_COMPANY = re.compile(
    r"\b(?:sdn\.?|bhd\.?|inc\.?|llc|l\.l\.c\.|ltd\.?|limited|corp\.?|corporation|company|co\.|plc|gmbh|ag|kg|ohg|e\.k\.|mbh|ug"
    r"|s\.?a\.?r\.?l\.?|sarl|sas|s\.a\.s\.?|s\.?a\.?|s\.?l\.?|b\.?v\.?|n\.?v\.?|s\.?p\.?a\.?|lp|l\.p\.|llp"
    r"|enterprise|trading|restaurant|restoran|stores?|market|hotel|pharmacy)(?!\w)",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(?:street|st\.|road|rd\.?|avenue|ave\.?|lane|drive|blvd|boulevard|suite|floor|lot|jalan|jln|lorong|taman|bandar|no\.?\s*\d"
    r"|rue|place|allée|chemin|bp\s*\d|calle|avenida|plaza|paseo|platz|weg|allee|gasse|postfach|po box)(?!\w)"
    r"|stra(?:ß|ss)e\b|str\.",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"\b\d{4,6}\b")
_OTHER_LINE = re.compile(
    r"\b(?:tel|fax|phone|gst|e-?mail|www|http|invoice|receipt|date|cashier|reg|ust|tva)\b", re.IGNORECASE
)

Label = tuple[str, ...]
"""The words of a label."""


class Patterns:
    """The labels of all fields of a schema, looked up by their words."""

    def __init__(self, schema: Schema) -> None:
        self._owners: dict[Label, list[str]] = {}
        self._kinds = {spec.name: spec.kind for spec in schema.fields}
        self._strangers: dict[str, frozenset[Label]] = {}
        for spec in schema.fields:
            for label in map(split_label, spec.labels):
                self._owners.setdefault(label, []).append(spec.name)
            self._strangers[spec.name] = frozenset(map(split_label, spec.unlike))
        for label in {label for labels in self._strangers.values() for label in labels}:
            self._owners.setdefault(label, [])
        self._owners.pop((), None)
        self._longest = max(map(len, self._owners), default=0)
        self._known: dict[tuple[Label, Label], dict[Label, float]] = {}
        self._valued: dict[str, bool] = {}

    def scores(self, spec: FieldSpec, found: Sequence["Seen"]) -> Scores:
        """The points of each candidate of the field, on the scale of log-odds against "none of them"."""
        role = _ROLES.get(spec.role)
        is_name = spec.role in _NAMES
        labels: dict[tuple[Label, Label], float] = {}
        points = []
        for seen in found:
            around = (seen.before, seen.above)
            if around not in labels:
                labels[around] = self._label_points(spec, *around)
            point = _UNLABELLED + labels[around] + (0.0 if role is None else sum(role(seen)))
            if is_name and self._holds_a_value(seen.candidate):
                point += _OF_ANOTHER
            if spec.kind == "money" and _numbers_a_box(seen.candidate):
                point += _BOX_NUMBER
            points.append(point)
        return np.array(points, float)

    def _holds_a_value(self, candidate: Candidate) -> bool:
        """Whether its first line is the label of a date, an amount, or a number, and little but its value."""
        line = candidate.first.text[len(candidate.before) :]
        if len(self._valued) > _MOST_KNOWN:
            self._valued.clear()
        if line not in self._valued:
            self._valued[line] = self._is_label_and_value(line)
        return self._valued[line]

    def _is_label_and_value(self, line: str) -> bool:
        if not any(map(str.isdigit, line)) or _STREET.search(line) or _COMPANY.search(line):
            return False
        words = split_label(line)
        return any(
            len([word for word in words[size:] if word not in _CURRENCIES]) <= _WORDS_OF_VALUES
            and any(self._kinds[owner] in _VALUES for owner in self._owners.get(words[:size], ()))
            for size in range(1, min(self._longest, len(words)) + 1)
        )

    def _label_points(self, spec: FieldSpec, before: Label, above: Label) -> float:
        """Points for the field's own label beside or above it; off where another's fits better.

        Beside its own label, those of other kinds don't count: an amount after "Total of this invoice" is
        no number of an invoice.
        """
        mine = theirs = others = 0.0
        fits = self._fits(before, above)
        if not fits:
            return 0.0
        strangers = self._strangers[spec.name]
        for label, points in fits.items():
            owners = self._owners[label]
            if spec.name in owners:
                mine = max(mine, points)
            elif label in strangers or any(self._kinds[owner] == spec.kind for owner in owners):
                theirs = max(theirs, points)
            elif owners:
                others = max(others, points)
        theirs = theirs if mine else max(theirs, others)
        return mine - theirs if theirs > mine else mine

    def _fits(self, before: Label, above: Label) -> dict[Label, float]:
        """The labels that stand before a candidate, or alone above it, with their points."""
        key = (before, above)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        if key not in self._known:
            self._known[key] = dict(self._looked_up(before, above))
        return self._known[key]

    def _looked_up(self, before: Label, above: Label) -> Iterator[tuple[Label, float]]:
        for start in range(len(before)):
            for end in range(start + 1, min(start + self._longest, len(before)) + 1):
                label = before[start:end]
                if label in self._owners:
                    points = _AT_LABEL if end == len(before) else _NEAR_LABEL
                    yield label, points + _WORD_MORE * (len(label) - 1)
        for size in range(max(len(above) - 1, 1), len(above) + 1) if above and not before else ():
            label = above[-size:]
            if label in self._owners:
                yield label, _UNDER_LABEL + _WORD_MORE * (len(label) - 1)


def _numbers_a_box(candidate: Candidate) -> bool:
    """Whether a whole number of two figures at most, of no currency, begins a line of words."""
    after = candidate.after.lstrip(" .)")
    bare = candidate.printed.isdigit() and len(candidate.printed) <= 2 and not candidate.currency
    return bare and not candidate.before.strip() and after[:1].isalpha() and len(WORDS.findall(after)) > 1


def split_label(label: str) -> Label:
    """The words of a label without case, as `Patterns` looks labels up."""
    return tuple(_words(label))


def _words(text: str) -> list[str]:
    return WORDS.findall(text.casefold())


@dataclass(frozen=True, slots=True)
class Seen:
    """A candidate where it stands: what every field that it could be looks at, found once."""

    sheet: Sheet
    candidate: Candidate
    company: Company
    before: Label
    """The words before it on its row, without those of currencies."""
    above: Label
    """The words of the line above; of an amount in a column, those at its top."""

    @property
    def row(self) -> int:
        """The row that it begins in, from 0."""
        return self.candidate.first.row


def standing(sheet: Sheet, found: Sequence[Candidate]) -> list[Seen]:
    """All candidates of one kind, where they stand."""
    company = company_of(found)
    return [Seen(sheet, one, company, _before(sheet, one), _above(sheet, one)) for one in found]


def _before(sheet: Sheet, candidate: Candidate) -> Label:
    """Words of the candidate's own cell, or of the nearest one to the left with any."""
    text, cell = candidate.before, candidate.first
    while not (found := [word for word in _words(text) if word not in _CURRENCIES]):
        if cell.left is None:
            break
        cell = sheet.cells[cell.left]
        text = cell.text
    return _without_inclusions(tuple(found[-_NEAR_WORDS:]))


def _above(sheet: Sheet, candidate: Candidate) -> Label:
    above = candidate.first.above
    for _ in range(_MOST_CLIMBED if candidate.kind == "money" else 1):
        if above is None:
            return ()
        cell = sheet.cells[above]
        if found := split_label(cell.text):
            return found
        above = cell.above
    return ()


_CURRENCIES = frozenset({"rm", "myr", "eur", "usd", "gbp", "chf", "rs", "inr", "s", "us"})
_INCLUDED = frozenset(
    {"inkl", "inklusive", "incl", "including", "inclusive", "inc", "incluido", "incluidos", "compris"}
)


def _without_inclusions(before: Label) -> Label:
    """A total "incl. VAT" is a total: what it includes is no label of the amount."""
    for place, word in enumerate(before):
        if word in _INCLUDED and place:
            return before[:place]
    return before


def _total(seen: Seen) -> Iterator[float]:
    """Large, repeated, with a fraction."""
    candidate, company = seen.candidate, seen.company
    yield 0.8 if "." in candidate.printed or "," in candidate.printed else -1.5
    yield 0.5 * (min(company.counts[candidate.key], 3) - 1)
    yield -0.2 * min(company.order[candidate.key], 5)
    yield 0.4 if candidate.key in company.sums else 0.0
    yield -1.0 if candidate.value.startswith("-") or float(candidate.value) == 0 else 0.0


def _date(seen: Seen) -> Iterator[float]:
    """The first one of a page is seldom wrong."""
    order = list(seen.company.counts)
    yield 4.0 - 0.8 * min(order.index(seen.candidate.key), 4)


def _later_date(seen: Seen) -> Iterator[float]:
    yield -0.5 if len(seen.company.counts) == 1 else 0.0


def _vendor(seen: Seen) -> Iterator[float]:
    """Near the top, large, of few lines, called like a company."""
    candidate = seen.candidate
    first = candidate.first
    yield 4.5 - 0.9 * min(seen.row, 8)
    yield 1.5 * min(first.height / seen.sheet.line_height - 1, 1.0)
    yield 1.8 if _COMPANY.search(candidate.printed) else 0.0
    yield -1.2 * (len(candidate.cells) - 1)
    yield -2.5 if _STREET.search(candidate.printed) or _POSTCODE.search(candidate.printed) else 0.0
    yield -2.0 if ":" in candidate.printed or _OTHER_LINE.search(candidate.printed) else 0.0
    yield -1.0 if candidate.before.strip() else 0.0
    yield 0.5 if not candidate.after.strip() else 0.0


def _address(seen: Seen) -> Iterator[float]:
    """A block with a street and a postcode, that ends before the telephone."""
    candidate = seen.candidate
    text, lines = candidate.printed, candidate.cells
    yield 2.0 if _STREET.search(text) else -1.0
    yield 2.0 if _POSTCODE.search(text) else -2.0
    yield 1.0 if _STREET.search(lines[0].text) else -0.5
    yield 0.4 * min(len(lines), _MOST_ADDRESS_LINES) - 0.4 * max(len(lines) - _MOST_ADDRESS_LINES, 0)
    yield -2.0 if _OTHER_LINE.search(text) or ":" in text[8:] else 0.0
    yield -1.5 if _PHONE.search(text) or "(" in text else 0.0
    yield -2.0 if _COMPANY.search(lines[0].text) else 0.0
    yield 1.5 - 0.1 * min(seen.row, 20)
    yield -0.7 if _STREET.search(" ".join(seen.above)) else 0.0
    yield _goes_on(seen)


_MOST_ADDRESS_LINES = 4
_PHONE = re.compile(r"\b\d{2,4}[ -]?\d{3,4}[ -]?\d{3,4}\b")


def _goes_on(seen: Seen) -> float:
    """Points off where the block seems to go on below, or to have begun above."""
    below = seen.candidate.last.below
    if below is None:
        return 0.0
    text = seen.sheet.cells[below].text
    ends = _OTHER_LINE.search(text) or ":" in text or not any(map(str.isalpha, text))
    return 0.8 if ends else -0.4


def _party(seen: Seen) -> Iterator[float]:
    """Called like a company, near the top."""
    yield 2.5 if _COMPANY.search(seen.candidate.printed) else 0.0
    yield -0.1 * min(seen.row, 20)


Rule = Callable[[Seen], Iterator[float]]
_ROLES: dict[str, Rule] = {
    "total": _total,
    "date": _date,
    "due_date": _later_date,
    "vendor": _vendor,
    "address": _address,
    "party": _party,
}
