"""What a kind of value can do: find itself in a line, read itself from a text, compare itself.

The kinds themselves are beside this file, one file each; `values/__init__` has the table of them.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A value that stands in `text[start:end]` of the line it was found in.

    `value` is normalised: a date as ISO 8601, money and numbers as plain decimals ("1234.56"), an id in
    upper case without blanks, a flag as "true" or "false", a text with single blanks. `currency`
    (ISO 4217) is set for money only, where a sign or a code stands at it; the sign itself is outside of
    `start`–`end`.
    """

    start: int
    end: int
    value: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """The three functions of a kind.

    `find` gives all values of one line, none over another, from left to right, in time linear in its
    length. `parse` reads one value as people and labels write it, None if the text isn't one. `same`
    compares two normalised values.
    """

    find: Callable[[str], list[Occurrence]]
    parse: Callable[[str], str | None]
    same: Callable[[str, str], bool]


def apart(occurrences: list[Occurrence]) -> list[Occurrence]:
    """Those that lie over none before them in the list, from left to right: the first to come stays."""
    kept: list[Occurrence] = []
    taken: set[int] = set()
    for one in occurrences:
        places = range(one.start, one.end)
        if taken.isdisjoint(places):
            taken.update(places)
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def squashed(text: str) -> str:
    """The letters and digits of a text alone, in NFKC and without case: how texts and labels are compared."""
    return re.sub(
        r"[\W_]+", "", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    )


def same_squashed(a: str, b: str) -> bool:
    """Whether two texts have the same letters and digits."""
    return squashed(a) == squashed(b)
