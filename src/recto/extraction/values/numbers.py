"""Numbers: quantities and rates, normalised to plain decimals; and how figures are read, which money uses.

A single comma or point before three figures is two-faced: for money it groups ("1.234" is 1234); for a
number a point is decimal (1.234 kg) and a comma groups. Nothing here knows of units or number words.
"""

import re

from recto.extraction.values.kind import Kind, Occurrence

_BLANK = r"[ \u00a0\u202f]"

# One way of grouping per line; the quantifiers are bounded, so that no line takes more than linear time.
FIGURES = (
    r"(?:\d{1,3}(?:,\d{2,3}){0,4},\d{3}(?:\.\d{1,3})?"  # 1,234.56 and the Indian 1,23,456.00
    r"|\d{1,3}(?:\.\d{3}){1,5}(?:,\d{1,3})?"  # 1.234,56
    r"|\d{1,3}(?:['’]\d{3}){1,5}(?:[.,]\d{1,2})?"  # 1'234.50
    rf"|\d{{1,3}}(?:{_BLANK}\d{{3}}){{1,5}},\d\d"  # 1 234,56
    r"|\d{1,3}(?:[\u00a0\u202f]\d{3}){1,5}(?:\.\d\d)?"
    r"|\d{1,15}[.,] ?\d\d"  # also "31. 00" and "1 .70", as engines read thin print
    r"|\d{1,15} \.\d\d"
    r"|\d{1,15}(?:[.,]\d{1,6})?)"
).replace(r"\d", "[0-9]")  # \d has the figures of every script
BEFORE = r"(?<!\d)(?<!\d[.,'’])"
AFTER = r"(?!\d|[.,'’]\d)"

_NUMBER = re.compile(rf"{BEFORE}(?P<minus>(?<![\w.,)])[-−–]{_BLANK}?)?(?P<figures>{FIGURES}){AFTER}")
_GLUED = re.compile(r"[^\W\d_]")


def find_numbers(text: str) -> list[Occurrence]:
    """All numbers of one line that no letter stands before ("A4" is none, "19%" and "2x" are)."""
    return [
        Occurrence(match.start(), match.end(), plain_decimal(match["figures"], negative=bool(match["minus"])))
        for match in _NUMBER.finditer(text)
        if not _GLUED.match(text[match.start() - 1 : match.start()])
    ]


def parse_number(text: str) -> str | None:
    """The one number that a text is; a unit may stand behind it ("2 Stk", "19 %")."""
    found = find_numbers(text)
    return found[0].value if len(found) == 1 and not text[: found[0].start].strip() else None


def same_number(a: str, b: str) -> bool:
    """Whether two normalised decimals are equal in value ("31" and "31.00")."""
    return _canonical(a) == _canonical(b)


def plain_decimal(figures: str, *, negative: bool = False, groups_of_three: bool = False) -> str:
    """Figures as a plain decimal with the decimals as printed; `groups_of_three` as for money."""
    bare = re.sub(r"[\s'’]", "", figures)
    whole, decimals = _split(bare, groups_of_three=groups_of_three)
    value = whole.lstrip("0") or "0"
    value = f"{value}.{decimals}" if decimals else value
    return f"-{value}" if negative and value.strip("0.") else value


def _split(bare: str, *, groups_of_three: bool) -> tuple[str, str]:
    """Whole part and decimals of figures with commas and points."""
    at = max(bare.rfind("."), bare.rfind(","))
    if at < 0:
        return bare, ""
    whole, mark, decimals = bare[:at], bare[at], bare[at + 1 :]
    only = "." not in whole and "," not in whole
    groups = mark in whole or (
        only
        and len(decimals) == 3
        and len(whole) <= 3
        and whole.strip("0")
        and (groups_of_three or mark == ",")
    )
    if groups:
        return re.sub("[.,]", "", bare), ""
    return re.sub("[.,]", "", whole), decimals


def _canonical(value: str) -> str:
    whole, _, decimals = value.partition(".")
    decimals = decimals.rstrip("0")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    canonical = f"{digits.lstrip('0') or '0'}.{decimals}"
    return canonical if canonical == "0." else sign + canonical


NUMBER = Kind(find_numbers, parse_number, same_number)
