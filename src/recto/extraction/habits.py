"""Habits: how the writer of a document means what is written alike elsewhere: 03/04/2020, and $ alone.

What the document itself shows comes first, then what a tagger has learnt of documents like it, then its
country: US addresses, forms and money say month first. Without any of them day comes before month, and $
is the dollar of the United States. On tills of Malaysia $ is the ringgit.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from recto.extraction.sheet import Sheet
from recto.extraction.values.dates import Order
from recto.extraction.values.kind import Occurrence

_MOST = 50_000
"""Characters that are looked at."""
_LARGEST_MONTH, _LARGEST_DAY = 12, 31

_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})([/.-])(\d{1,2})\2(?:\d{4}|\d\d)(?![\d/-])")

_STATES = (
    "AK|AZ|AR|CA|CT|FL|GA|IA|IL|KS|KY|MI|MN|MO|MT|NC|ND|NH|NJ|NM|NV|NY|OH|RI|SC|SD|TN|TX|UT|VA|VT|WA|WI|WV|WY"
)
_ALSO_WORDS = "AL|CO|DC|DE|HI|ID|IN|LA|MA|MD|ME|MS|NE|OK|OR|PA|PR"
"""States whose letters stand before figures elsewhere, too ("DE 80333" is Munich): they need a comma."""
_US_ADDRESS = rf"(?:[a-zA-Z.,] (?:{_STATES})|, ?(?:{_ALSO_WORDS})),? \d{{5}}(?:-\d{{4}})?\b"
_US_FORM = r"Internal Revenue Service|Department of the Treasury|\bForm (?:W-?\d|10\d\d)|\bZIP code\b"

_SIGNS_OF: dict[str, re.Pattern[str]] = {
    "USD": re.compile(
        rf"\bUSD\b|\bUS ?\$|\bUS [Dd]ollars?\b|\bUnited States\b|\bUSA\b|{_US_ADDRESS}|{_US_FORM}"
    ),
    "CAD": re.compile(r"\bCAD\b|\bCA?\$|\bCanad(?:a|ian)\b|\b[A-Z]\d[A-Z] \d[A-Z]\d\b|\bGST/HST\b"),
    "AUD": re.compile(r"\bAUD\b|\bAU?\$|\bAustralian?\b|\bA\.?B\.?N\.?:? \d\d \d{3}"),
    "NZD": re.compile(r"\bNZD\b|\bNZ ?\$|\bNew Zealand\b"),
    "SGD": re.compile(r"\bSGD\b|\bS\$|\bSingapore\b"),
    "HKD": re.compile(r"\bHKD\b|\bHK ?\$|\bHong Kong\b"),
    "MXN": re.compile(r"\bMXN\b|\bMX ?\$|\bM[eé]xico\b|\bM\.N\."),
    "TWD": re.compile(r"\bTWD\b|\bNT ?\$|\bTaiwan\b"),
    "MYR": re.compile(r"\bMYR\b|\bRM ?\d|\b(?i:Malaysia|Kuala Lumpur|Selangor|Johor|Sdn\.? ?Bhd)\b"),
}
_OTHER_MONEY = re.compile(r"[€£]|\b(?:EUR|GBP|CHF|RM ?\d|MYR|INR|Rs\.?)\b")
"""Who counts in these writes the day first."""
_DOLLAR = re.compile(r"(?<![^\W\d_])\$")


_NEAR = 3
_USUAL_DOLLAR = "USD"


@dataclass(frozen=True, slots=True)
class Habits:
    """`order` of day and month in dates of figures; `dollar` is the currency (ISO 4217) of $ alone."""

    order: Order = "dmy"
    dollar: str = _USUAL_DOLLAR


USUAL = Habits()
"""Where a document shows none."""


def habits_of(sheet: Sheet, learnt: Order | None = None) -> Habits:
    """The habits that a document shows; `learnt` is what a tagger knows of others like it."""
    text = "\n".join(_texts(sheet))
    found = Counter({code: len(set(signs.findall(text))) for code, signs in _SIGNS_OF.items()})
    dollar = max(found, key=lambda code: (found[code], code == _USUAL_DOLLAR))
    american = found["USD"] > 0 and dollar == "USD" and not _OTHER_MONEY.search(text)
    return Habits(order_shown(text) or learnt or ("mdy" if american else "dmy"), dollar)


def order_shown(text: str) -> Order | None:
    """The order of those dates in a text that can be read in one way only; None without any, or of both."""
    orders: set[Order] = set()
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        if _LARGEST_MONTH < first <= _LARGEST_DAY and 0 < second <= _LARGEST_MONTH:
            orders.add("dmy")
        if _LARGEST_MONTH < second <= _LARGEST_DAY and 0 < first <= _LARGEST_MONTH:
            orders.add("mdy")
    return orders.pop() if len(orders) == 1 else None


def with_dollar(text: str, at: Occurrence, habits: Habits) -> Occurrence:
    """The amount or currency with the dollar that is meant, where $ without a country says it."""
    said = at.currency or at.value
    if said != _USUAL_DOLLAR or habits.dollar == _USUAL_DOLLAR:
        return at
    if not _DOLLAR.search(text[max(0, at.start - _NEAR) : at.end + _NEAR]):
        return at
    return replace(at, currency=habits.dollar) if at.currency else replace(at, value=habits.dollar)


def _texts(sheet: Sheet) -> Iterator[str]:
    left = _MOST
    for cell in sheet.cells:
        if left <= 0:
            return
        yield cell.text[:left]
        left -= len(cell.text) + 1


def most_common(orders: Iterable[Order | None]) -> Order | None:
    """The order that most of them are; None where none is known, or two are as many."""
    counts = Counter(order for order in orders if order is not None).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]
