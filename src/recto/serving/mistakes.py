"""Mistakes in the fields of a request, in our own words: what a library says of them never gets out."""

from collections.abc import Mapping, Sequence
from typing import Any

OURS = "recto"
"""The type of a mistake whose words are ours already."""

MOST_TOLD = 20
"""Of the mistakes of one request: an answer must not be longer than what it answers."""

_LONGEST, _DEEPEST = 100, 10
"""Of the name of a field: characters of each part, and parts."""

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "isn't a field that is known here",
    "string_type": "must be text",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "is shorter than {min_length} characters",
    "string_pattern_mismatch": "hasn't the form that it should have",
    "too_long": "has more than {max_length} entries",
    "too_short": "has fewer than {min_length} entries",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "json_invalid": "isn't JSON",
    "union_tag_invalid": "must have one of the types {expected_tags}",
    "union_tag_not_found": "must say its type",
}


def words_of(mistake: Mapping[str, Any]) -> str:
    """What is wrong, as pydantic's `errors()` tells it by type and context."""
    if mistake["type"] == OURS:
        return str(mistake["msg"])
    return _WORDS.get(mistake["type"], "isn't valid").format_map(_Context(mistake.get("ctx") or {}))


def fields_of(mistakes: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The first mistakes, each with its field."""
    return [{"field": field_of(one), "detail": words_of(one)} for one in mistakes[:MOST_TOLD]]


def field_of(mistake: Mapping[str, Any]) -> str:
    """Where it is; what the sender calls it himself is cut off."""
    return ".".join(str(part)[:_LONGEST] for part in mistake["loc"][:_DEEPEST])


class _Context(dict[str, Any]):
    """What a message may be filled with."""

    def __missing__(self, key: str) -> str:
        return "allowed"
