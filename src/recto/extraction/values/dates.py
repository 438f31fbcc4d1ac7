"""Dates: found however they are written, and normalised to ISO 8601 (2019-01-09).

Numbers are read day first, unless the month can't be (12/31/2019) or `order` says "mdy". Names of months
are English, German, French, Spanish and Malay. Two figures for a year are 1961–2060. A date in words may
go over a line break ("22 June,\\n2016"). No times, no months without a day.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from recto.extraction.values.kind import Kind, Occurrence, apart

Order = Literal["dmy", "mdy"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner januari janvier janv enero ene",
            "february feb februar februari février fevrier févr fevr fév febrero",
            "march mar märz maerz mrz mars marzo mac",
            "april apr avril avr abril abr",
            "may mai mayo mei",
            "june jun juni juin junio",
            "july jul juli juillet juil julio julai",
            "august aug august août aout agosto ago ogos",
            "september sept sep septembre septiembre setiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre decembre déc diciembre dic disember dis",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))

_GAP = r"[^\S\n]{0,2}"
_ALONE = r"(?<!\d)(?<!\d[.,])"
_DAY = r"(0?[1-9]|[12]\d|3[01])"
_YEAR = r"((?:19|20)\d\d)"
_YEAR_2 = r"(\d\d)"
# Receipts glue the time to the date ("2019-01-0918:01").
_END = r"(?=\d{1,2}:\d\d|\D|$)"
_END_2 = r"(?![\d:]|[.,]\d)"
_TH = r"(?: ?(?:st|nd|rd|th|s)(?![a-z])|\.|er(?![a-z]))?"
_OF = r"(?:day\sof\s|of\s|del?\s)?"
_BETWEEN = r"[\s\-/.,']{0,3}"

_NUMERIC = rf"{_ALONE}(\d{{1,2}}){_GAP}([-/.]){_GAP}(\d{{1,2}}){_GAP}\2{_GAP}"

_Parts = tuple[str, str, str]
_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Order], Iterator[_Parts]]], ...]
"""Patterns, and what they say of year, month and day; the first that gives a real date wins."""


def find_dates(text: str, order: Order = "dmy") -> list[Occurrence]:
    """All dates of one line."""
    found: list[Occurrence] = []
    for pattern, parts in _FORMS:
        for match in pattern.finditer(text):
            value = next(filter(None, map(_iso, parts(match, order))), None)
            if value is not None:
                found.append(Occurrence(match.start(), match.end(), value))
    return apart(found)


def parse_date(text: str, order: Order = "dmy") -> str | None:
    """The one date that a text is; words and a time may stand beside it, other figures may not."""
    found = find_dates(text, order)
    if len(found) != 1:
        return None
    beside = text[: found[0].start] + " " + text[found[0].end :]
    return None if re.search(r"\d", _TIME.sub("", beside)) else found[0].value


def date_kind(order: Order) -> Kind:
    """The functions of dates in one order of day and month."""
    return Kind(
        find=lambda text: find_dates(text, order),
        parse=lambda text: parse_date(text, order),
        same=lambda a, b: a == b,
    )


_TIME = re.compile(r"T?\d{1,2}[:.]\d\d(?:[:.]\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?")


def _iso(parts: _Parts) -> str | None:
    """The ISO date of year, month (a number or a name) and day; None if there is no such day."""
    year, month, day = parts
    full = int(year) if len(year) == 4 else _century(int(year))
    number = int(month) if month.isdecimal() else _MONTHS[month.casefold()]
    try:
        return date(full, number, int(day)).isoformat()
    except ValueError:
        return None


def _century(year: int) -> int:
    return 2000 + year if year <= 60 else 1900 + year


def _numbers_last_year(match: re.Match[str], order: Order) -> Iterator[_Parts]:
    first, second, year = match[1], match[3], match[4]
    day_first, month_first = (year, second, first), (year, first, second)
    yield from (day_first, month_first) if order == "dmy" else (month_first, day_first)


def _spaced(match: re.Match[str], order: Order) -> Iterator[_Parts]:
    first, second, year = match[1], match[2], match[3]
    yield (year, second, first) if order == "dmy" else (year, first, second)


def _year_first(match: re.Match[str], _: Order) -> Iterator[_Parts]:
    yield match[1], match[3], match[4]


def _plain_year_first(match: re.Match[str], _: Order) -> Iterator[_Parts]:
    yield match[1], match[2], match[3]


def _day_month(match: re.Match[str], _: Order) -> Iterator[_Parts]:
    yield match[3], match[2], match[1]


def _month_day(match: re.Match[str], _: Order) -> Iterator[_Parts]:
    yield match[3], match[1], match[2]


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_FORMS = (
    (
        re.compile(rf"{_ALONE}{_YEAR}{_GAP}([-/.]){_GAP}(\d{{1,2}}){_GAP}\2{_GAP}(\d{{1,2}}){_END}"),
        _year_first,
    ),
    (re.compile(rf"{_NUMERIC}{_YEAR}{_END}"), _numbers_last_year),
    (re.compile(rf"{_NUMERIC}{_YEAR_2}{_END_2}"), _numbers_last_year),
    (
        _named(rf"(?<!\d){_DAY}{_TH}{_BETWEEN}{_OF}({_MONTH})(?![^\W\d_]){_BETWEEN}{_OF}{_YEAR}{_END}"),
        _day_month,
    ),
    (_named(rf"(?<!\d){_DAY}{_BETWEEN}({_MONTH})(?![^\W\d_]){_BETWEEN}{_YEAR_2}{_END_2}"), _day_month),
    (
        _named(rf"(?<![^\W\d_])({_MONTH})(?![^\W\d_]){_BETWEEN}{_DAY}{_TH}(?!\d){_BETWEEN}{_YEAR}{_END}"),
        _month_day,
    ),
    (
        _named(rf"(?<![^\W\d_])({_MONTH})(?![^\W\d_]){_BETWEEN}{_DAY}[\s,]{{1,2}}'?{_YEAR_2}{_END_2}"),
        _month_day,
    ),
    (re.compile(rf"(?<!\d){_YEAR}年{_GAP}(\d{{1,2}}){_GAP}月{_GAP}(\d{{1,2}}){_GAP}日"), _plain_year_first),
    (re.compile(rf"(?<!\d){_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)"), _plain_year_first),
    # Thin hyphens are lost or become tildes when they are read: "27 032018", "05-05~18", "05 02-18".
    (re.compile(rf"{_ALONE}(\d\d)[-–~ ]?(\d\d)[-–~ ]?{_YEAR}(?!\d)"), _spaced),
    (re.compile(rf"{_ALONE}(\d\d)[-–~ ](\d\d)[-–~]{_YEAR_2}{_END_2}"), _spaced),
)
