"""Cells: an Example as one row of a table (Parquet, Hugging Face datasets), and back.

Tables want one type per column, so `fields` and the unknown keys are kept as JSON text (`fields`, `extra`):
every value comes back as it was. The image is a struct of `bytes` and `path`, as `datasets.Image` has it.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

from recto.datasets.example import Example, JsonValue, Packed
from recto.datasets.row import example_from_row, row_from_example
from recto.datasets.strict_json import dump_json, parse_json

TEXT_COLUMNS = (
    "text",
    "category",
    "business",
    "split",
    "group",
    "language",
    "case",
    "text_unverified",
    "fields",
    "extra",
)


def cells_from_example(example: Example) -> dict[str, JsonValue]:
    """The cells of one row, without the image's bytes; what has no value is None."""
    row = row_from_example(example)
    cells: dict[str, JsonValue] = {
        name: row.get(name) for name in TEXT_COLUMNS if name not in ("fields", "extra")
    }
    cells["page"] = example.page
    cells["fields"] = None if example.fields is None else dump_json(dict(example.fields))
    cells["extra"] = dump_json(dict(example.extra)) if example.extra else None
    cells["lines"] = (
        None if example.lines is None else [_line_cell(example, i) for i in range(len(example.lines))]
    )
    return cells


def example_from_cells(
    cells: Mapping[str, object],
    image: str,
    source: bytes | Packed | None,
    *,
    origin: str,
    root: Path | None = None,
) -> Example:
    """The Example of a table's row. Columns that aren't ours are kept as unknown keys. Raises ValueError."""
    row: dict[str, JsonValue] = {"image": image}
    for name, cell in cells.items():
        if cell is None or name == "image":
            continue
        if name == "fields" and isinstance(cell, str):
            row["fields"] = parse_json(cell)
        elif name == "lines":
            row["lines"] = _lines(cell)
        elif name != "extra":
            row[name] = json_value(cell)
    extra = cells.get("extra")
    return example_from_row(_with_extra(row, extra), source, root=root, origin=origin)


def json_value(cell: object) -> JsonValue:
    """A cell as a JSON value: dates become ISO text. Raises ValueError for bytes and other types."""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, dict):
        return {str(key): json_value(value) for key, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [json_value(value) for value in cell]
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    raise ValueError(f"a cell of type {type(cell).__name__} can't be kept")


def _with_extra(row: dict[str, JsonValue], extra: object) -> dict[str, JsonValue]:
    if not isinstance(extra, str):
        return row if extra is None else row | {"extra": json_value(extra)}
    try:
        unknown = parse_json(extra)
    except ValueError:
        unknown = None  # a column of somebody else's that happens to have this name
    return unknown | row if isinstance(unknown, dict) else row | {"extra": extra}


def _line_cell(example: Example, number: int) -> JsonValue:
    assert example.lines is not None
    line = example.lines[number]
    polygon: JsonValue = None if line.polygon is None else [[x, y] for x, y in line.polygon]
    return {"text": line.text, "box": list(line.box), "confidence": line.confidence, "polygon": polygon}


def _lines(cell: object) -> JsonValue:
    value = parse_json(cell) if isinstance(cell, str) else json_value(cell)
    if not isinstance(value, list):
        return value
    return [
        {key: item for key, item in line.items() if item is not None} if isinstance(line, dict) else line
        for line in value
    ]
