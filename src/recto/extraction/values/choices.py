"""Choices: one of a list of words, and yes or no (also as ticked and empty boxes)."""

import re

from recto.extraction.values.kind import Kind, Occurrence, same_squashed, squashed

_YES = (
    "true",
    "yes",
    "ja",
    "oui",
    "sí",
    "si",
    "selected",
    "checked",
    "x",
    "1",
    "☒",
    "☑",
    "✓",
    "✔",
    "✗",
    "✘",
    "[x]",
    "(x)",
)
_NO = ("false", "no", "nein", "non", "unselected", "unchecked", "0", "☐", "□", "[]", "[ ]", "()", "( )")
_FLAGS = {**dict.fromkeys(_YES, "true"), **dict.fromkeys(_NO, "false")}
# "x", "1", "0" and "si" answer a question, yet stand on every page without one.
_FLAG = re.compile(
    r"(?<!\w)(?:true|yes|ja|oui|sí|selected|checked|false|no|nein|non|unselected|unchecked)(?![\w.])"
    r"|[☒☑✓✔✗✘☐□]|\[ ?[x ]?\]|\([x ]\)",
    re.IGNORECASE,
)


def find_flags(text: str) -> list[Occurrence]:
    """All boxes and answers of one line."""
    return [
        Occurrence(m.start(), m.end(), value) for m in _FLAG.finditer(text) if (value := parse_flag(m[0]))
    ]


def parse_flag(text: str) -> str | None:
    """ "true" or "false", None if it is neither."""
    bare = text.strip().casefold()
    return _FLAGS.get(bare) or _FLAGS.get(bare.replace(" ", ""))


def choice_kind(choices: tuple[str, ...]) -> Kind:
    """The functions of an enum with these choices; values are written as the choices are."""
    meant = {squashed(choice) or choice: choice for choice in choices}
    words = sorted((re.escape(choice) for choice in choices), key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)

    def parse(text: str) -> str | None:
        return meant.get(squashed(text) or text)

    def find(text: str) -> list[Occurrence]:
        matches = pattern.finditer(text) if choices else ()
        return [Occurrence(m.start(), m.end(), value) for m in matches if (value := parse(m[0]))]

    return Kind(find, parse, same_squashed)


FLAG = Kind(find_flags, parse_flag, lambda a, b: a == b)
