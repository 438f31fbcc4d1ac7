"""Extraction pairs: OCR text and the fields wanted from it, as JSON Lines for text models.

A pair has no page image: pairs are written from Examples that have fields, and read back as ExtractionPairs,
or as Examples whose document is a text (for language models, which learn from these).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from recto.datasets.example import Example, JsonValue, Split
from recto.datasets.problem import Reading, RowPlace, refuse
from recto.datasets.readers.text import read_lines
from recto.datasets.strict_json import dump_json, parse_json

PREFIX = "OCR_TEXT:\n"
_TEXT = ".txt"


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


def example_of(pair: ExtractionPair, name: str) -> Example:
    """The pair as an Example called `name`: a document that is a text, and has no page to open.

    `extra` may say split (train, if it doesn't), category and group. Raises ValueError for a split that
    there isn't.
    """
    split = pair.extra.get("split", "train")
    if split not in ("train", "val", "test"):
        raise ValueError(f"split: must be train, val or test, not {split!r}")
    group = pair.extra.get("group")
    return Example(
        image=f"{name}{_TEXT}",
        source=pair.text.encode("utf-8", "surrogatepass"),
        text=pair.text,
        category=str(pair.extra.get("category", "")),
        split=cast(Split, split),
        group=None if group is None else str(group),
        fields=pair.fields,
        origin=pair.origin,
    )


def is_text(example: Example) -> bool:
    """Whether the document of the Example is a text, as those of pairs are."""
    return isinstance(example.source, bytes) and example.image.endswith(_TEXT)


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
