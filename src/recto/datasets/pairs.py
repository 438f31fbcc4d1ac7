"""Extraction pairs: OCR text and the fields wanted from it, as JSON Lines for text models.

A pair has no page image, so it is no Example: pairs are written from Examples that have fields, and read
back as ExtractionPairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recto.datasets.example import Example, JsonValue
from recto.datasets.problem import Reading, RowPlace, refuse
from recto.datasets.readers.text import read_lines
from recto.datasets.strict_json import dump_json, parse_json

PREFIX = "OCR_TEXT:\n"


@dataclass(frozen=True, slots=True)
class ExtractionPair:
    """`text` that a page says, and the `fields` to find in it; `extra` holds the other keys."""

    text: str
    fields: Mapping[str, JsonValue]
    extra: Mapping[str, JsonValue] = field(default_factory=dict)
    origin: str = ""


def pair_from_example(example: Example) -> ExtractionPair | None:
    """The pair of an Example that has trusted text and fields, else None."""
    if not example.text or not example.fields:
        return None
    about: dict[str, JsonValue] = {
        "category": example.category,
        "split": example.split,
        "group": example.group,
    }
    known = {key: value for key, value in about.items() if value is not None}
    return ExtractionPair(example.text, example.fields, known, example.origin)


def pair_to_json(pair: ExtractionPair) -> str:
    """One line of JSON: `input`, `output`, and what else is known."""
    row: dict[str, JsonValue] = {"input": PREFIX + pair.text, "output": dump_json(dict(pair.fields))}
    return dump_json(row | dict(pair.extra))


def read_pairs(path: Path) -> tuple[ExtractionPair, ...]:
    """The pairs of a JSON Lines file. Raises DatasetError, or AnnotationError that lists every bad row."""
    reading = Reading()
    pairs: list[ExtractionPair] = []
    for origin, line in read_lines(path, reading):
        try:
            pairs.append(_pair(parse_json(line), origin))
        except ValueError as error:
            reading.wrong(origin, str(error))
    refuse(reading.problems, path)
    return tuple(pairs)


def _pair(row: JsonValue, origin: RowPlace) -> ExtractionPair:
    if not isinstance(row, dict):
        raise ValueError(f"a pair must be an object with keys, not {type(row).__name__}")
    given, wanted = row.get("input"), row.get("output")
    if not isinstance(given, str) or not given.startswith(PREFIX):
        raise ValueError("input: must be text that begins with 'OCR_TEXT:' on a line of its own")
    if not isinstance(wanted, str):
        raise ValueError("output: must be text that holds a JSON object")
    try:
        fields = parse_json(wanted)
    except ValueError as error:
        raise ValueError(f"output: {error}") from None
    if not isinstance(fields, dict):
        raise ValueError("output: must hold a JSON object")
    extra = {key: value for key, value in row.items() if key not in ("input", "output")}
    return ExtractionPair(given.removeprefix(PREFIX), fields, extra, str(origin))
