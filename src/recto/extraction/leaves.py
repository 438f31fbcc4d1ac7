"""Leaves: the values in the JSON that a language model wrote, each with its name and where it stands.

JSON that was cut is read as far as it goes. Whether a value is right isn't known here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

_DECODER = json.JSONDecoder()
_DEEPEST = 8
_AFTER = (*",:]} \t\r\n",)
"""What may follow a value; a number that was cut has none of it."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as text ("true" for a boolean), its name ("items[0].amount"), and its place in the JSON.

    `start` and `end` are around all of it, the quotation marks of a text included.
    """

    name: str
    said: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Leaves:
    """All values but nulls, in their order; `whole` says that the text was one JSON object to its end."""

    found: tuple[Leaf, ...]
    whole: bool


class _Broken(Exception):
    """It isn't JSON from here on."""


def leaves_of(text: str) -> Leaves:
    """The values in the JSON object that `text` is, or begins with."""
    scan = _Scan(text)
    found: list[Leaf] = []
    try:
        if scan.next() != "{":
            return Leaves((), whole=False)
        for leaf in scan.value("", 0):
            found.append(leaf)
        whole = not text[scan.at :].strip()
    except _Broken:
        whole = False
    return Leaves(tuple(found), whole)


class _Scan:
    """Goes through a text once; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def next(self) -> str:
        """The next character that is no blank. Raises _Broken at the end."""
        while self.at < len(self._text) and self._text[self.at].isspace():
            self.at += 1
        if self.at == len(self._text):
            raise _Broken
        return self._text[self.at]

    def value(self, name: str, depth: int) -> Iterator[Leaf]:
        """The leaves of the value that begins here. Raises _Broken."""
        if depth > _DEEPEST:
            raise _Broken
        opening = self.next()
        if opening == "{":
            yield from self._parts(name, "}", depth)
        elif opening == "[":
            yield from self._parts(name, "]", depth)
        else:
            start = self.at
            told = self._scalar()
            if told is not None:
                said = told if isinstance(told, str) else json.dumps(told)
                yield Leaf(name, said, start, self.at)

    def _parts(self, name: str, closing: str, depth: int) -> Iterator[Leaf]:
        """The leaves of all parts of an object or a list."""
        self.at += 1
        count = 0
        while self.next() != closing:
            if count:
                self._take(",")
            if closing == "}":
                key = self._scalar()
                if not isinstance(key, str):
                    raise _Broken
                self._take(":")
                inner = f"{name}.{key}" if name else key
            else:
                inner = f"{name}[{count}]"
            yield from self.value(inner, depth + 1)
            count += 1
        self.at += 1

    def _take(self, character: str) -> None:
        if self.next() != character:
            raise _Broken
        self.at += 1

    def _scalar(self) -> str | float | bool | None:
        self.next()
        try:
            told, self.at = _DECODER.raw_decode(self._text, self.at)
        except (ValueError, RecursionError):
            raise _Broken from None
        if self._text[self.at : self.at + 1] not in _AFTER or isinstance(told, dict | list):
            raise _Broken
        scalar: str | float | bool | None = told
        return scalar
