"""Row: one annotation entry as files hold it, checked by pydantic, and its way to an Example and back.

Every format goes through here, so that each has the same keys, the same checks and the same messages.
Unknown keys are kept: those of the entry in `extra`, those of its lines in `extra["lines.extra"]`.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recto.datasets.example import Example, JsonValue, Source
from recto.datasets.naming import category_from_name, safe_name, split_from_name, split_from_word
from recto.datasets.problem import MissingFile
from recto.datasets.strict_json import check_value
from recto.documents.transcript import Box, Line

LINES_EXTRA = "lines.extra"
MAX_COORDINATE_PX = 1_000_000.0

Coordinate = Annotated[
    float, Field(ge=-MAX_COORDINATE_PX, le=MAX_COORDINATE_PX, allow_inf_nan=False, strict=True)
]
BoxValues = Annotated[list[Coordinate], Field(min_length=4, max_length=4)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]


class LineRow(BaseModel):
    """One entry of `lines`."""

    model_config = ConfigDict(strict=True, extra="allow")
    text: str
    box: BoxValues
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    polygon: Annotated[list[Point], Field(min_length=3)] | None = None


class Row(BaseModel):
    """One entry of an annotation file; any further key is kept."""

    model_config = ConfigDict(strict=True, extra="allow")
    image: str
    text: str | None = None
    category: str | None = None
    business: str | None = None
    split: str | None = None
    group: str | None = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    language: str | None = None
    case: Literal["upper"] | None = None
    lines: list[LineRow] | None = None
    fields: dict[str, object] | None = None
    text_unverified: str | None = None


def example_from_row(row: object, source: Source | None, *, root: Path | None, origin: str) -> Example:
    """The Example that `row` describes; `source` None means the file `root / image`.

    Raises ValueError with every mistake of the row in one message; MissingFile where only the file is absent.
    """
    if not isinstance(row, dict):
        raise ValueError(f"an entry must be an object with keys, not {type(row).__name__}")
    check_value(row)
    try:
        checked = Row.model_validate(row)
    except ValidationError as error:
        raise ValueError("; ".join(_sentences(error))) from None
    image = safe_name(checked.image)
    split = split_from_word(checked.split) if checked.split else split_from_name(image)
    lines, lines_extra = _lines(checked.lines)
    extra: dict[str, JsonValue] = dict(checked.model_extra or {})
    if lines_extra is not None:
        extra[LINES_EXTRA] = lines_extra
    absent: MissingFile | None = None
    if source is None:
        try:
            source = file_inside(root or Path(), image)
        except MissingFile as error:
            absent, source = error, (root or Path()) / image
    example = Example(
        image=image,
        source=source,
        text=checked.text,
        category=checked.category or category_from_name(image),
        business=checked.business,
        split=split,
        group=checked.group,
        lines=lines,
        fields=row.get("fields"),
        language=checked.language,
        page=checked.page,
        case=checked.case,
        text_unverified=checked.text_unverified,
        extra=extra,
        origin=origin,
        category_guessed=not checked.category,
    )
    if absent is not None:
        absent.example = example
        raise absent
    return example


def row_from_example(example: Example) -> dict[str, JsonValue]:
    """The entry that describes `example`, unknown keys last; keys without a value are left out."""
    known: dict[str, JsonValue] = {
        "image": example.image,
        "text": example.text,
        "category": example.category,
        "business": example.business,
        "split": example.split,
        "group": example.group,
        "page": example.page,
        "language": example.language,
        "case": example.case,
        "lines": None if example.lines is None else lines_json(example),
        "fields": None if example.fields is None else dict(example.fields),
        "text_unverified": example.text_unverified,
    }
    extra = {key: value for key, value in example.extra.items() if key != LINES_EXTRA}
    return {key: value for key, value in known.items() if value is not None} | extra


def lines_json(example: Example) -> list[JsonValue]:
    """The lines as JSON values with nothing rounded; unknown keys of a line come back where they were."""
    lines = example.lines or ()
    kept = example.extra.get(LINES_EXTRA)
    extras: list[JsonValue] = (
        kept if isinstance(kept, list) and len(kept) == len(lines) else [None] * len(lines)
    )
    out: list[JsonValue] = []
    for line, extra in zip(lines, extras, strict=True):
        value: dict[str, JsonValue] = {"text": line.text, "box": [_short(v) for v in line.box]}
        if line.confidence is not None:
            value["confidence"] = line.confidence
        if line.polygon is not None:
            value["polygon"] = [[_short(x), _short(y)] for x, y in line.polygon]
        out.append(value | extra if isinstance(extra, dict) else value)
    return out


def file_inside(root: Path, image: str) -> Path:
    """The path of `image` under `root`. Raises MissingFile, or ValueError for a link that leads out."""
    path = root / image
    try:
        if not path.is_file():
            raise MissingFile(f"image file {image!r} is missing")
        if not path.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"image {image!r} is a link that leads out of the dataset's folder")
    except OSError as error:
        raise ValueError(f"image file {image[:120]!r} can't be opened: {error.strerror}") from None
    return path


def _lines(rows: list[LineRow] | None) -> tuple[tuple[Line, ...] | None, list[JsonValue] | None]:
    if rows is None:
        return None, None
    lines = tuple(
        Line(
            text=row.text,
            box=_box(row.box),
            confidence=row.confidence,
            polygon=None if row.polygon is None else tuple((x, y) for x, y in row.polygon),
        )
        for row in rows
    )
    extras: list[JsonValue] = [row.model_extra or None for row in rows]
    return lines, extras if any(extras) else None


def _box(values: list[float]) -> Box:
    x0, y0, x1, y1 = values
    return (float(x0), float(y0), float(x1), float(y1))


def _short(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _sentences(error: ValidationError) -> list[str]:
    return [f"{_key(e['loc'])}: {e['msg'][:1].lower()}{e['msg'][1:]}" for e in error.errors()[:5]]


def _key(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".")[:80]
