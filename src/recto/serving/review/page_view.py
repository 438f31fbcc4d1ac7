"""What a page shows of a document: rows of lines and fields, and the data that its script works with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from recto.corrections.documents import ReviewDocument, ReviewPage
from recto.corrections.drafts import Draft
from recto.datasets.example import JsonValue
from recto.documents.transcript import Box, Line
from recto.serving.review.visitor import Visitor

UNSURE_BELOW = 0.9
"""A line that is less probably right than this is marked: calibrated where corrections allow it."""


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line, whether it is `unsure`, and how probably it is right (whole percent)."""

    text: str
    unsure: bool
    percent: int


@dataclass(frozen=True, slots=True)
class FieldRow:
    """An input of the form: a field, trusted or else as it was found; `missing`: required and not there.

    A field that is a plain object (an amount with its currency) has an input for each `part` ("" else).
    """

    name: str
    part: str
    text: str
    kind: str
    missing: bool

    @property
    def label(self) -> str:
        """What stands beside the input."""
        return f"{self.name} · {self.part}" if self.part else self.name

    @property
    def is_json(self) -> bool:
        """Whether it is a list or an object, which is edited as JSON."""
        return self.kind == "json"


def line_rows(page: ReviewPage) -> list[LineRow]:
    """The lines of a page, or the rows of its text where it has none."""
    return [_row(line) for line in _lines(page)]


def field_rows(document: ReviewDocument) -> list[FieldRow]:
    """The fields of a document: what was found, what people said, what is missing."""
    extraction = document.extraction or {}
    found = cast(Mapping[str, JsonValue], extraction.get("values") or {})
    missing = cast(list[str], extraction.get("missing") or [])
    values = dict(found) | dict(document.fields)
    names = [*values, *(name for name in missing if name not in values)]
    rows = []
    for name in names:
        value = values.get(name)
        parts = (
            value
            if isinstance(value, dict) and value and not any(map(_is_nested, value.values()))
            else {"": value}
        )
        absent = name in missing and name not in values
        rows += [_field(name, part, inner, missing=absent) for part, inner in parts.items()]
    return rows


def page_data(
    document: ReviewDocument, page: ReviewPage, visitor: Visitor, draft: Draft | None
) -> dict[str, object]:
    """What the page's script needs; `width` and `height` are 0 where the image alone tells them."""
    reading = page.reading
    return {
        "id": document.sha256,
        "page": page.place.page,
        "version": page.content.version,
        "fields_version": document.fields_version,
        "width": reading.width if reading else 0,
        "height": reading.height if reading else 0,
        "has_lines": bool(page.content.lines),
        "lines": [_line_data(line) for line in _lines(page)],
        "reading": {"text": reading.text} if reading and reading.text.strip() else None,
        "draft": None if draft is None else {"version": draft.version, **draft.content},
        "author": visitor.author,
        "csrf": visitor.csrf,
        "corrects": visitor.corrects,
    }


def _lines(page: ReviewPage) -> tuple[Line, ...]:
    if page.calibrated is not None:
        pairs = zip(page.content.lines, page.calibrated, strict=True)
        return tuple(replace(line, confidence=sure) for line, sure in pairs)
    if page.content.lines:
        return page.content.lines
    nowhere: Box = (0.0, 0.0, 0.0, 0.0)
    return tuple(Line(row, nowhere) for row in (page.content.text or "").splitlines() if row.strip())


def _row(line: Line) -> LineRow:
    sure = 1.0 if line.confidence is None else line.confidence
    return LineRow(line.text, sure < UNSURE_BELOW, round(100 * sure))


def _line_data(line: Line) -> dict[str, object]:
    told = line.to_json()
    placed = any(line.box)
    return {
        "text": line.text,
        "box": told["box"] if placed else None,
        "polygon": told.get("polygon"),
        "unsure": _row(line).unsure,
    }


def _is_nested(value: JsonValue) -> bool:
    return isinstance(value, list | dict)


def _field(name: str, part: str, value: JsonValue, *, missing: bool) -> FieldRow:
    if isinstance(value, list | dict):
        return FieldRow(name, part, json.dumps(value, ensure_ascii=False, indent=1), "json", missing)
    if value is None or isinstance(value, str):
        return FieldRow(name, part, value or "", "text", missing)
    return FieldRow(
        name, part, json.dumps(value), "boolean" if isinstance(value, bool) else "number", missing
    )
