"""JSON as annotations may use it: strict, finite, of bounded depth, in Unicode that can be written again.

Python's own parser lets NaN, repeated keys and lone surrogates through; each would surface far from the
file that holds it. Here they are a ValueError that says what is wrong, for the reader to put a row to.
"""

import json
import math
from typing import cast

from recto.datasets.example import JsonValue

MAX_DEPTH = 64


def parse_json(text: str) -> JsonValue:
    """The value that `text` holds. Raises ValueError with one sentence on what is wrong."""
    try:
        value = cast(
            JsonValue,
            json.loads(
                text,
                parse_constant=_refuse_constant,
                parse_float=_finite,
                object_pairs_hook=_without_repeats,
            ),
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    check_value(value)
    return value


def check_value(value: object) -> None:
    """Raise ValueError where `value` can't be written as JSON and read back the same."""
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, float):
            _check_number(item)
        elif isinstance(item, dict):
            stack += [(key, depth) for key in item] + [(child, depth + 1) for child in item.values()]
        elif isinstance(item, list):
            stack += [(child, depth + 1) for child in item]
        elif item is not None and not isinstance(item, int):
            raise ValueError(f"a value of type {type(item).__name__} can't be written as JSON")


def dump_json(value: object) -> str:
    """One line of JSON, Unicode as itself; NaN is refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"text holds half a character (U+{ord(text[error.start]):04X})") from None


def _check_number(number: float) -> None:
    if not math.isfinite(number):
        raise ValueError(f"{number} is no number that JSON knows")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number that JSON knows")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is too large")
    return number


def _without_repeats(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    out: dict[str, JsonValue] = {}
    for key, value in pairs:
        if key in out:
            raise ValueError(f"the key {key[:40]!r} is given twice")
        out[key] = value
    return out
