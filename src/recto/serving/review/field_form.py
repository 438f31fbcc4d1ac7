"""The form of a document's fields: which inputs there are, and what stands in each. Nothing is saved here.

An object has an input for each of its parts. A list has rows, which the page's script adds and takes away; a
list within an object or a row is edited as JSON.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from recto.corrections.documents import ReviewDocument
from recto.datasets.example import JsonValue
from recto.extraction.loading import load_schema
from recto.extraction.schema import BUILT_IN, FieldSpec

Path = tuple[str, ...]
"""Keys that lead from a field (or a row of a list) to one of its parts; () is the whole."""

Kind = Literal["text", "number", "boolean", "json"]


@dataclass(frozen=True, slots=True)
class FieldInput:
    """One input. `or_null`: left empty, it says null; otherwise its part is left out."""

    path: Path
    text: str
    kind: Kind
    or_null: bool = False

    @property
    def label(self) -> str:
        """The parts that it stands for; "" where it is all of the field."""
        return " · ".join(self.path)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field, trusted or else as it was found; `missing`: required and not there.

    A list has the inputs of each of its rows, and those of an `empty` one; any other field has one row.
    """

    name: str
    missing: bool
    rows: tuple[tuple[FieldInput, ...], ...]
    empty: tuple[FieldInput, ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether rows can be added and taken away."""
        return bool(self.empty)

    def label_of(self, part: FieldInput) -> str:
        """What stands beside an input."""
        return f"{self.name} · {part.label}" if part.path else self.name


def field_rows(document: ReviewDocument) -> list[FieldRow]:
    """The fields of a document: what was found, what people said, what is missing, and lists to be filled."""
    extraction = document.extraction or {}
    found = cast(Mapping[str, JsonValue], extraction.get("values") or {})
    missing = cast(list[str], extraction.get("missing") or [])
    values = dict(found) | dict(document.fields)
    lists = _lists_of(extraction.get("schema"))
    names = dict.fromkeys([*values, *missing, *lists])
    return [_row(name, values.get(name), lists.get(name, ()), missing=name in missing) for name in names]


def _row(name: str, value: JsonValue, columns: Sequence[FieldInput], *, missing: bool) -> FieldRow:
    absent = missing and value is None
    if isinstance(value, list) or (value is None and columns):
        items = [list(_inputs(item)) for item in value or []]
        row = _columns([*columns, *(part for item in items for part in item)])
        return FieldRow(name, absent, tuple(_filled(row, item) for item in items), row)
    parts = tuple(replace(part, or_null=True) for part in _inputs(value))
    return FieldRow(name, absent, (parts,))


def _inputs(value: JsonValue, path: Path = ()) -> Iterator[FieldInput]:
    """The inputs of a value: parts of an object by themselves, however deep."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _inputs(inner, (*path, key))
        return
    or_null = value is None or len(path) > 1
    if isinstance(value, list | dict):
        yield FieldInput(path, json.dumps(value, ensure_ascii=False), "json", or_null)
    elif value is None or isinstance(value, str):
        yield FieldInput(path, value or "", "text", or_null)
    else:
        kind: Kind = "boolean" if isinstance(value, bool) else "number"
        yield FieldInput(path, json.dumps(value), kind, or_null)


def _columns(parts: Sequence[FieldInput]) -> tuple[FieldInput, ...]:
    """An empty row for all that the rows have; what a filled input says of its kind counts."""
    out: dict[Path, FieldInput] = {}
    for part in parts:
        known = out.get(part.path)
        kind = part.kind if known is None or part.text else known.kind
        or_null = part.or_null or (known is not None and known.or_null)
        out[part.path] = FieldInput(part.path, "", kind, or_null)
    return tuple(out.values()) or (FieldInput((), "", "text"),)


def _filled(row: Sequence[FieldInput], item: Sequence[FieldInput]) -> tuple[FieldInput, ...]:
    said = {part.path: part for part in item}
    return tuple(
        replace(empty, text=part.text, kind=part.kind if part.text else empty.kind)
        if (part := said.get(empty.path))
        else empty
        for empty in row
    )


def _lists_of(schema: object) -> dict[str, tuple[FieldInput, ...]]:
    """The lists of a built-in schema with their columns; other schemas aren't kept with what they found."""
    if schema not in BUILT_IN:
        return {}
    specs = load_schema(schema).fields
    return {spec.name: _columns_of(spec) for spec in specs if spec.many or spec.kind == "items"}


def _columns_of(spec: FieldSpec) -> tuple[FieldInput, ...]:
    """Of a list of plain values the one column that it has."""
    return tuple(part for one in spec.items for part in _spec_inputs(one)) or (FieldInput((), "", "text"),)


def _spec_inputs(spec: FieldSpec) -> Iterator[FieldInput]:
    path = tuple(spec.name.split("."))
    if spec.shape == "money":
        yield from (FieldInput((*path, part), "", "text", or_null=True) for part in ("amount", "currency"))
        return
    kinds: Mapping[str, Kind] = {"number": "number", "integer": "number", "boolean": "boolean"}
    yield FieldInput(path, "", kinds.get(spec.shape, "text"), spec.absent == "null" or len(path) > 1)
