"""Money: amounts, normalised to plain decimals with the decimals as printed, and their currency (ISO 4217).

Never a float. Rates ("6%"), dates and the parts of telephone numbers are no amounts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from recto.extraction.values.currencies import GAP, MARK, mark_at_amount
from recto.extraction.values.kind import Kind, Occurrence
from recto.extraction.values.numbers import AFTER, BEFORE, FIGURES, plain_decimal, same_number

_MINUS = r"(?<![\d.,)/])(?<!\d )[-−–] ?"

_FIGURES = re.compile(rf"{BEFORE}(?P<figures>{FIGURES})(?:(?P<even>,[-–—]{{1,2}}|/-)|{AFTER})")
_AHEAD = re.compile(
    rf"(?P<outer>{_MINUS})?(?:(?P<mark>{MARK}):?{GAP})?(?P<opened>\()?(?P<minus>{_MINUS})?$", re.IGNORECASE
)
_FARTHEST = 12
"""No sign stands farther before its figures, in characters."""
_BEHIND = re.compile(
    rf"(?P<closed>\))?(?P<minus>[-−–](?!\S))?(?:{GAP}(?P<mark>{MARK})(?!:?{GAP}\d))?", re.IGNORECASE
)
_RATE = re.compile(r" ?%")
_CLOSE_BEFORE = re.compile(r"(?:[^\W_]|[-/#]|\d:)$")
_CLOSE_AFTER = re.compile(r"[^\W_]|[-/:]\w")
_DECIMALS = re.compile(r"[.,] ?\d\d?$")

_MOST_FIGURES = 9
"""More figures without decimals are a bar code or an account."""


@dataclass(frozen=True, slots=True)
class _Amount:
    """Figures with what stands before and behind them."""

    figures: re.Match[str]
    ahead: re.Match[str]
    behind: re.Match[str]

    @property
    def currency(self) -> str:
        return mark_at_amount(self.ahead["mark"] or "") or mark_at_amount(self.behind["mark"] or "")

    @property
    def has_other_words(self) -> bool:
        """Whether what stands at the place of a currency is none."""
        return any(side["mark"] and not mark_at_amount(side["mark"]) for side in (self.ahead, self.behind))

    @property
    def in_brackets(self) -> bool:
        return bool(self.ahead["opened"] and self.behind["closed"])

    @property
    def whole(self) -> tuple[int, int]:
        """From the first sign to the last, the currency's included."""
        return self.ahead.start(), self.behind.end()


def find_amounts(text: str) -> list[Occurrence]:
    """All amounts of one line, whole ones too where they stand apart from letters and hyphens."""
    return [_occurrence(amount) for amount in _amounts(text) if _is_amount(amount, text)]


def parse_amount(text: str) -> str | None:
    """The one amount that a text is, with or without its currency."""
    found = _alone(text)
    return found.value if found else None


def parse_currency(text: str) -> str:
    """The currency that stands at the one amount that a text is; "" where none does."""
    found = _alone(text)
    return found.currency if found else ""


def _amounts(text: str) -> Iterator[_Amount]:
    for figures in _FIGURES.finditer(text):
        start, end = figures.span()
        ahead = _AHEAD.search(text, max(0, start - _FARTHEST), start)
        behind = _BEHIND.match(text, end)
        if ahead and behind:  # always: both may be empty
            yield _Amount(figures, ahead, behind)


def _alone(text: str) -> Occurrence | None:
    bare = text.strip(" \t\u00a0.:*")
    amounts = [amount for amount in _amounts(bare) if amount.whole == (0, len(bare))]
    amounts = [amount for amount in amounts if not amount.has_other_words]
    return _occurrence(amounts[0]) if amounts else None


def _is_amount(amount: _Amount, text: str) -> bool:
    figures = amount.figures["figures"]
    if _RATE.match(text, amount.figures.end()):
        return False
    if _DECIMALS.search(figures) or amount.figures["even"] or amount.currency:
        return True
    start, end = amount.figures.span()
    close = _CLOSE_BEFORE.search(text, max(0, start - 2), start) and not (
        amount.ahead["minus"] or amount.ahead["outer"]
    )
    digits = sum(c.isdigit() for c in figures)
    return digits <= _MOST_FIGURES and not close and not _CLOSE_AFTER.match(text, end)


def _occurrence(amount: _Amount) -> Occurrence:
    figures, ahead, behind = amount.figures, amount.ahead, amount.behind
    start = ahead.start("minus") if ahead["minus"] else figures.start()
    start = ahead.start("outer") if ahead["outer"] and not ahead["mark"] else start
    start = ahead.start("opened") if amount.in_brackets else start
    end = figures.end() if not amount.in_brackets else behind.end("closed")
    end = behind.end("minus") if behind["minus"] else end
    negative = bool(amount.in_brackets or ahead["outer"] or ahead["minus"] or behind["minus"])
    value = plain_decimal(figures["figures"], negative=negative, groups_of_three=True)
    return Occurrence(start, end, value, amount.currency)


MONEY = Kind(find_amounts, parse_amount, same_number)
