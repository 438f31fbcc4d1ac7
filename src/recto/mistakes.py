"""Mistakes: what pydantic found wrong in a file of settings, in our own words, and all of it in one error.

Nothing is read or checked here: `settings` and `training/recipe` do that.
"""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pydantic_core import ErrorDetails

from recto.errors import SettingsError

_WORDS = {
    "missing": "is missing",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must hold no slash, backslash or control character",
    "path_type": "must be a path in quotes",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "tuple_type": "must be a list",
    "too_short": "must have at least {min_length}",
    "too_long": "must have at most {max_length}",
    "dict_type": "must be a table of names and values",
    "model_type": "must be a table of names and values",
    "invalid_key": "must be a name",
    "value_error": "{error}",
}
"""pydantic's types of errors, with its own names for what stands beside them."""

_MOST_SHOWN = 60


def sentence(error: ErrorDetails, name: str) -> str:
    """`triggers.new_documents: must be at least 1 (it is 0)`; what has no words of ours keeps pydantic's."""
    context = {key: _plain(value) for key, value in error.get("ctx", {}).items()}
    words = _WORDS.get(error["type"], error["msg"].replace("{", "{{").replace("}", "}}")).format(**context)
    given = error["input"]
    shown = f" (it is {_shown(given)})" if isinstance(given, str | int | float) else ""
    return f"{name}: {words}{shown}"


def unknown(name: str, key: str, known: Sequence[str]) -> str:
    """`triggers.new_document: there is no such setting; did you mean new_documents?`."""
    close = get_close_matches(key, known, n=1)
    helped = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return f"{name}: there is no such setting; {helped}"


def refusal(mistakes: Iterable[str], *, where: object, hint: str) -> SettingsError:
    """One error that lists all mistakes."""
    told = list(mistakes)
    count = "1 setting is wrong" if len(told) == 1 else f"{len(told)} settings are wrong"
    listed = "".join(f"\n  {one}" for one in told)
    return SettingsError(f"{count}:{listed}", where=where, hint=hint)


def _plain(value: object) -> str:
    """5.0 as 5; an error as its message."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(value: str | int | float) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
