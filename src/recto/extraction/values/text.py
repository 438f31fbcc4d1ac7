"""Texts: names, addresses, descriptions. Any line is one; what part of it is meant, isn't known here."""

from recto.documents.normalise import squeeze_whitespace
from recto.extraction.values.kind import Kind, Occurrence, same_squashed, squashed


def find_text(text: str) -> list[Occurrence]:
    """The line itself without the blanks at its ends, if it has a letter or a digit."""
    value = parse_text(text)
    if value is None:
        return []
    start = len(text) - len(text.lstrip())
    return [Occurrence(start, start + len(text.strip()), value)]


def parse_text(text: str) -> str | None:
    """The text with single blanks; None if it has no letter or digit."""
    return squeeze_whitespace(text) if squashed(text) else None


TEXT = Kind(find_text, parse_text, same_squashed)
