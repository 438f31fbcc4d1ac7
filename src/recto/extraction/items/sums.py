"""Sums: the rows below a table that add it up or pay it: where the items end, and what they come to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache

from recto.extraction.items.grid import Row
from recto.extraction.patterns import WORDS, Label, split_label
from recto.extraction.roles import roles

_SUMS = ("net", "total", "amount_due", "rounding", "item_count")
_PAID = ("tax", "cash", "change", "prepaid")
_TOTALS = frozenset(
    "total totals totale totaal totaux subtotal subtotaal subtotale subtot summe gesamtsumme zwischensumme gesamtbetrag"
    " endbetrag nettobetrag gross übertrag carried".split()
)
"""Words of sums wherever they stand in a row."""
_CURRENCIES = frozenset("rm myr eur usd gbp chf sgd".split())
_ALONE: frozenset[Label] = frozenset({("net",), ("nett",), ("neto",), ("net", "ht")})
_MOST_ENDS = 5
_ROWS_BELOW = 14
"""Sums are looked for in so many rows."""
_CENT = Decimal("0.01")


def ends(rows: Sequence[Row], start: int) -> list[int]:
    """The rows of sums after `start` where the items may end, the nearest first; the end of all where none is."""
    begun = False
    found: list[int] = []
    for place in range(start, len(rows)):
        if is_sum(rows[place]):
            found += [place] if begun else []
        elif any(figure.is_amount for figure in rows[place].figures):
            begun = True
        if len(found) == _MOST_ENDS:
            break
    return found or [len(rows)]


def is_sum(row: Row) -> bool:
    """Whether the row says a sum, a tax or a payment, by the words that it begins with."""
    if not row.figures:
        return False
    words = _begins(row)
    if any(word in _TOTALS for word in words):
        return True
    labels, whole = _labels()
    return words in whole or any(words[:size] in labels for size in range(1, min(len(words), 6) + 1))


def come_to(rows: Sequence[Row], end: int, bill: Mapping[str, Decimal]) -> set[Decimal]:
    """What the items above row `end` may come to: an amount below them, net or total of the bill.

    `bill` are the amounts that were found of it, by role.
    """
    below = rows[end : end + _ROWS_BELOW]
    amounts = {figure.number for row in below for figure in row.figures if figure.is_amount}
    amounts |= {bill[role] for role in ("net", "total", "amount_due") if role in bill}
    if "total" in bill and "tax" in bill:
        amounts.add(bill["total"] - bill["tax"])
    return {amount for amount in amounts if amount}


def fits(total: Decimal, sums: set[Decimal]) -> bool:
    """Whether the total is one of the sums, to the cent."""
    return any(total + off in sums for off in (Decimal(0), _CENT, -_CENT))


def _begins(row: Row) -> Label:
    """The words of the first cell that has any, without currencies."""
    for cell in row.cells:
        if words := tuple(word.casefold() for word in WORDS.findall(cell.text)):
            return tuple(word for word in words if word not in _CURRENCIES)
    return ()


@cache
def _labels() -> tuple[frozenset[Label], frozenset[Label]]:
    """Labels that a row of a sum begins with, and those that it is."""
    sums = set(_of(_SUMS))
    paid = set(_of(_PAID)) | _ALONE
    several = {label for label in paid if len(label) > 1}
    return frozenset(sums | several), frozenset(paid)


def _of(names: Iterable[str]) -> Iterator[Label]:
    for name in names:
        for label in map(split_label, roles()[name].labels):
            if bare := tuple(word for word in label if word not in _CURRENCIES):
                yield bare
