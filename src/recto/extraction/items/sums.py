"""Sums: the rows below a table that add it up or pay it: where the items end, and what they come to."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache

from recto.extraction.items.grid import Row
from recto.extraction.patterns import WORDS, Label, split_label
from recto.extraction.roles import roles

_SUMS = ("net", "total", "amount_due", "rounding", "item_count")
_PAID = ("tax", "cash", "change", "prepaid")
_TOTALS = frozenset(
    (
        "total", "totals", "tot", "totale", "totaal", "totaux", "subtotal", "subtotaal", "subtotale",
        "subtot", "summe", "gesamtsumme", "zwischensumme", "gesamtbetrag", "endbetrag", "nettobetrag",
        "gross", "übertrag", "carried",
    )
)  # fmt: skip
"""Words of sums wherever they stand in a row."""
_CURRENCIES = frozenset(("rm", "myr", "eur", "usd", "gbp", "chf", "sgd"))
_ALONE: frozenset[Label] = frozenset(
    {("net",), ("nett",), ("neto",), ("net", "ht"), ("qty",), ("à", "payer"), ("a", "payer")}
)
_CHARGES: frozenset[Label] = frozenset(
    (word, charge)
    for word in ("service", "svc", "srv", "svr", "serv")
    for charge in ("charge", "chg", "chrg", "tax")
)
_MOST_WORDS = 6
_MOST_ENDS = 5
_ROWS_BELOW = 14
"""Sums are looked for in so many rows."""
_CENT = Decimal("0.01")


def sum_rows(rows: Sequence[Row]) -> frozenset[int]:
    """The places of rows that say a sum, a tax or a payment, by their words, or by those of the row above."""
    found = set()
    said = False
    for place, row in enumerate(rows):
        words = tuple(word.casefold() for word in WORDS.findall(row.text))
        bare = [word for word in words if word not in _CURRENCIES]
        said = _says_a_sum(row, bare) if bare else said and bool(words)
        if said and row.figures:
            found.add(place)
        said = said and not row.figures
    return frozenset(found)


def ends(rows: Sequence[Row], start: int, sums: Collection[int]) -> list[int]:
    """The rows of sums after `start` where the items may end, nearest first; the end of all without one.

    An amount that the ones before it come to is a sum, too, whatever is said beside it.
    """
    found: list[int] = []
    lines, so_far = 0, Decimal(0)
    for place in range(start, len(rows)):
        last = _amounts(rows[place])[-1:]
        if lines and (place in sums or (lines > 1 and last == [so_far])):
            found.append(place)
        elif last and place not in sums:
            lines, so_far = lines + 1, so_far + last[0]
        if len(found) == _MOST_ENDS:
            break
    return found or [len(rows)]


def _says_a_sum(row: Row, words: Sequence[str]) -> bool:
    if len(words) <= _MOST_WORDS and not _TOTALS.isdisjoint(words):
        return True
    begins = _begins(row)
    labels, whole = _labels()
    longer = tuple(word for word in begins if len(word) > 1)
    if (
        begins in whole
        or longer in whole
        or any(begins[:size] in labels for size in range(1, len(begins[:_MOST_WORDS]) + 1))
    ):
        return True
    return not _TOTALS.isdisjoint(begins)


def come_to(rows: Sequence[Row], end: int, bill: Mapping[str, Decimal]) -> set[Decimal]:
    """What the items above row `end` may come to: an amount below them, net or total of the bill.

    `bill` are the amounts that were found of it, by role.
    """
    below = rows[end : end + _ROWS_BELOW]
    amounts = {amount for row in below for amount in _amounts(row)}
    amounts |= {bill[role] for role in ("net", "total", "amount_due") if role in bill}
    taxes = {amount for row in below if is_tax(row) for amount in _amounts(row)[-1:]}
    taxes |= {bill["tax"]} if "tax" in bill else set()
    return {amount - tax for amount in amounts for tax in (Decimal(0), *taxes) if amount != tax}


def _amounts(row: Row) -> list[Decimal]:
    return [figure.number for figure in row.figures if figure.is_amount]


def is_tax(row: Row) -> bool:
    """Whether the row begins with the name of a tax."""
    words = _begins(row)
    taxes = _taxes()
    return any(words[:size] in taxes for size in range(1, len(words[:_MOST_WORDS]) + 1))


@cache
def _taxes() -> frozenset[Label]:
    return frozenset(_of(("tax",)))


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
    sums = set(_of(_SUMS)) | _CHARGES
    paid = set(_of(_PAID)) | _ALONE
    several = {label for label in paid if len(label) > 1}
    return frozenset(sums | several), frozenset(paid)


def _of(names: Iterable[str]) -> Iterator[Label]:
    for name in names:
        for label in map(split_label, roles()[name].labels):
            if bare := tuple(word for word in label if word not in _CURRENCIES):
                yield bare
