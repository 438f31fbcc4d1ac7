"""Features: what a ranker sees of a candidate: its words and shape, its place, and what stands around it.

Each is a word that is hashed (Weinberger et al., 2009): a schema with fields that nobody foresaw needs no
list of words. Numbers are put into bins, so that a linear model can bend.
"""

import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from recto.extraction.candidates import Candidate
from recto.extraction.sheet import Cell, Sheet

BUCKETS = 1 << 20
"""Features are told apart by so many hashes; with some ten thousand in use, few fall together."""

Indices = NDArray[np.int32]
"""The features that a candidate has, as hashes: sorted, each once."""

_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_POSTCODE = re.compile(r"\b\d{4,5}\b")
_NEAR_WORDS = 8
_NEAR_SIGNS = 200
"""Of what stands around a candidate, so much is looked at: work doesn't grow with the length of a line."""


@dataclass(frozen=True, slots=True)
class Company:
    """All candidates of a field in one document: how often each value is there, and which are larger."""

    counts: Counter[str]
    order: dict[str, int]
    """Distinct values of dates and amounts, from the largest (0) on."""
    largest: float
    sums: frozenset[str] = frozenset()
    """Amounts that two others come to: a net and its tax."""
    parts: frozenset[str] = frozenset()
    """Amounts that are left of a larger one when another is taken away: cash less change."""
    twins: frozenset[str] = frozenset()
    """Amounts beside which another one stands that differs by a rounding."""


_MOST_SUMMED = 60
_ROUNDING = 5  # hundredths


def company_of(found: Sequence[Candidate]) -> Company:
    """What the candidates of one field are among each other."""
    counts = Counter(candidate.key for candidate in found)
    if not found or found[0].kind not in ("money", "number", "date"):
        return Company(counts, {}, 0.0)
    distinct = sorted(
        {candidate.key: candidate.value for candidate in found}.items(), key=_size, reverse=True
    )
    largest = abs(float(distinct[0][1])) if found[0].kind != "date" else 0.0
    order = {key: place for place, (key, _) in enumerate(distinct)}
    if found[0].kind != "money" or len(distinct) > _MOST_SUMMED:
        return Company(counts, order, largest)
    return Company(
        counts, order, largest, *_arithmetic({round(float(value) * 100): key for key, value in distinct})
    )


def _arithmetic(keys: dict[int, str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Sums, parts and twins among the amounts, which are in hundredths; every step is one of `keys`²."""
    sums: set[str] = set()
    parts: set[str] = set()
    twins: set[str] = set()
    amounts = sorted(amount for amount in keys if amount > 0)
    for place, one in enumerate(amounts):
        for other in amounts[place + 1 :]:
            if one + other in keys:
                sums.add(keys[one + other])
                parts.update((keys[one], keys[other]))
            if other - one <= _ROUNDING:
                twins.update((keys[one], keys[other]))
    return frozenset(sums), frozenset(parts), frozenset(twins)


def _size(item: tuple[str, str]) -> tuple[float, str]:
    """Amounts by their size, dates (which are no numbers) by their ISO form."""
    try:
        return float(item[1]), ""
    except ValueError:
        return 0.0, item[1]


def features(sheet: Sheet, found: Sequence[Candidate]) -> list[Indices]:
    """The features of each candidate of one field."""
    company = company_of(found)
    return [_hashed(_all(sheet, company, candidate)) for candidate in found]


@lru_cache(maxsize=10_000)
def words(text: str) -> tuple[str, ...]:
    """The words and signs of a text without case; of numbers only how long they are counts."""
    found = _WORD.findall(text.casefold())
    return tuple("9" * min(len(word), 6) if word.isdigit() else word for word in found)


def _hashed(names: Iterable[str]) -> Indices:
    return np.array(sorted(set(map(_hash, names))), np.int32)


@lru_cache(maxsize=100_000)
def _hash(name: str) -> int:
    return zlib.crc32(name.encode()) % BUCKETS


def _all(sheet: Sheet, company: Company, candidate: Candidate) -> Iterator[str]:
    yield from _own(candidate)
    yield from _around(sheet, candidate)
    yield from _place(sheet, candidate)
    yield from _block(sheet, candidate)
    if company.order:
        yield from _rank(sheet, company, candidate)


def _own(candidate: Candidate) -> Iterator[str]:
    """Its words, first and last ones apart, and its shape."""
    own = words(candidate.printed)
    length = max(len(candidate.printed), 1)
    for word in own:
        yield f"w {word}"
    yield f"first {' '.join(own[:1])}"
    yield f"first2 {' '.join(own[:2])}"
    yield f"last {' '.join(own[-1:])}"
    yield f"last2 {' '.join(own[-2:])}"
    yield f"shape {_shape(candidate.printed)}"
    yield _bin("digits", sum(map(str.isdigit, candidate.printed)) / length, (0, 0.05, 0.1, 0.2, 0.4, 0.7))
    yield _bin("capitals", sum(map(str.isupper, candidate.printed)) / length, (0.1, 0.3, 0.5, 0.7))
    yield _bin("length", length, (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 130))
    yield _bin("sure", candidate.confidence, (0.5, 0.7, 0.8, 0.9, 0.95))
    yield f"currency {candidate.currency}"


def _around(sheet: Sheet, candidate: Candidate) -> Iterator[str]:
    """Words before it on its row, after it, and in the lines above and below."""
    before = words(f"{sheet.text_left_of(candidate.first)} {candidate.before}"[-_NEAR_SIGNS:])
    for word in before[-_NEAR_WORDS:]:
        yield f"before {word}"
    for count in (1, 2, 3):
        yield f"before{count} {' '.join(before[-count:])}"
    for word in words(candidate.after[:_NEAR_SIGNS])[:2]:
        yield f"after {word}"
    yield f"begins {not candidate.before.strip()} ends {not candidate.after.strip()}"
    yield f"row begins {candidate.first.left is None}"
    above = _text(sheet, candidate.first.above)
    for word in words(above)[:_NEAR_WORDS]:
        yield f"above {word}"
    yield f"above shape {_shape(above)}"
    below = words(_text(sheet, candidate.last.below))
    for word in below[:_NEAR_WORDS]:
        yield f"below {word}"
    yield f"below1 {' '.join(below[:1])}"


def _place(sheet: Sheet, candidate: Candidate) -> Iterator[str]:
    """Where it stands on its page, and how large and how lonely."""
    first, last = candidate.first, candidate.last
    width, height = sheet.size(first)
    yield _bin("row", first.row, range(13))
    yield _bin("rows left", sheet.rows - first.row, (2, 5, 10, 15, 20, 30, 60))
    yield _bin("page", first.page, (1, 2, 3))
    yield f"{len(candidate.cells)} lines from row {min(first.row, 6)}"
    yield _bin("height", first.height / sheet.line_height, (0.7, 0.9, 1.1, 1.3, 1.6, 2, 3))
    yield _bin("y", first.box[1] / height, (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
    yield _bin("centre", abs(first.centre / width - 0.5), (0.03, 0.08, 0.15, 0.25))
    yield _bin("left", first.box[0] / width, (0.05, 0.1, 0.2, 0.35, 0.5, 0.65))
    yield _bin("right", first.box[2] / width, (0.35, 0.5, 0.65, 0.8, 0.9, 0.95))
    yield from _neighbour("above", sheet, first, first.above)
    yield from _neighbour("below", sheet, last, last.below)


def _neighbour(name: str, sheet: Sheet, cell: Cell, place: int | None) -> Iterator[str]:
    if place is None:
        yield f"nothing {name}"
        return
    other = sheet.cells[place]
    gap = max(other.box[1] - cell.box[3], cell.box[1] - other.box[3])
    yield _bin(f"gap {name}", gap / cell.height, (-0.1, 0.2, 0.5, 1, 2, 5))
    yield _bin(f"height {name}", other.height / cell.height, (0.6, 0.8, 1.2, 1.5, 2))


def _block(sheet: Sheet, candidate: Candidate) -> Iterator[str]:
    """How the lines of a text of several lines go together, and where the postcode is."""
    first, cells = candidate.first, candidate.cells
    yield f"{len(cells)} lines"
    yield f"postcode {_has_postcode(cells[-1].text)}"
    yield f"postcode next {_has_postcode(_text(sheet, cells[-1].below))}"
    yield f"last line {' '.join(words(cells[-1].text)[:2])}"
    if len(cells) == 1:
        return
    width, _ = sheet.size(first)
    for cell in cells[1:]:
        own = words(cell.text)
        yield f"line begins {' '.join(own[:1])}"
        yield f"line ends {' '.join(own[-1:])}"
    gaps = [below.box[1] - above.box[3] for above, below in pairwise(cells)]
    heights = [cell.height / first.height for cell in cells]
    yield _bin("widest gap", max(gaps) / first.height, (0, 0.3, 0.6, 1))
    yield _bin("tallest", max(heights), (1.1, 1.3, 1.6))
    yield _bin("smallest", min(heights), (0.6, 0.75, 0.9))
    yield _bin("off centre", max(abs(cell.centre - first.centre) for cell in cells) / width, _OFF)
    yield _bin("off left", max(abs(cell.box[0] - first.box[0]) for cell in cells) / width, _OFF)


_OFF = (0.01, 0.03, 0.06, 0.1, 0.2)


def _rank(sheet: Sheet, company: Company, candidate: Candidate) -> Iterator[str]:
    """How it compares with the other dates or amounts of the document."""
    count = min(company.counts[candidate.key], 4)
    place = company.order[candidate.key]
    before = words(f"{sheet.text_left_of(candidate.first)} {candidate.before}"[-_NEAR_SIGNS:])
    yield f"there {count} times"
    yield _bin("from the largest", place, (0, 1, 2, 4, 8))
    yield _bin("from the smallest", len(company.order) - 1 - place, (0, 1, 2, 4))
    yield f"whole left {' '.join(before)}"
    for pair in pairwise(before):
        yield f"left pair {' '.join(pair)}"
    yield f"there {count} times after {' '.join(before[-2:])}"
    yield f"label {' '.join(_label(sheet, candidate.first, candidate.before))}"
    for name, beside in (("above", candidate.first.above), ("below", candidate.last.below)):
        if beside is not None:
            label = _label(sheet, sheet.cells[beside], sheet.cells[beside].text)
            yield f"label {name} {' '.join(label)}"
            for word in label:
                yield f"label word {name} {word}"
    if company.largest:
        whole = round(abs(float(candidate.value)) * 100) % _ROUNDING == 0
        yield f"twin {candidate.key in company.twins} {whole}"
        yield f"sum {candidate.key in company.sums} part {candidate.key in company.parts}"
        yield _bin(
            "of the largest", abs(float(candidate.value)) / company.largest, (0.1, 0.3, 0.5, 0.8, 0.99)
        )
        yield f"fraction {'.' in candidate.printed or ',' in candidate.printed}"


def _label(sheet: Sheet, cell: Cell, before: str) -> tuple[str, ...]:
    """The last words of the row before something in a cell: of its own cell, or of one left of it."""
    while not (found := _LETTERS.findall(before.casefold())) and cell.left is not None:
        cell = sheet.cells[cell.left]
        before = cell.text
    return tuple(found[-3:])


def _text(sheet: Sheet, place: int | None) -> str:
    return "" if place is None else sheet.cells[place].text[:_NEAR_SIGNS]


def _has_postcode(text: str) -> bool:
    return _POSTCODE.search(text) is not None


@lru_cache(maxsize=10_000)
def _shape(text: str) -> str:
    """`Aa9.99` for "Total 31.00": what kinds of signs follow each other."""
    kinds = "".join("9" if sign.isdigit() else "a" if sign.isalpha() else sign for sign in text[:40])
    return "".join(sign for sign, _ in groupby(kinds))[:12]


def _bin(name: str, value: float, edges: Sequence[float]) -> str:
    """How many of the edges, which rise, the value is beyond."""
    return f"{name} {bisect_left(edges, value)}"
