"""Hugging Face imagefolder: images beside `metadata.jsonl`, `.csv` or `.parquet` with a `file_name` column.

The metadata are read as they stand, not through the `datasets` library, which would copy every image into
its cache and give each row the keys of all others.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from recto.datasets.cells import example_from_cells
from recto.datasets.detection import METADATA_NAMES
from recto.datasets.packages import need
from recto.datasets.problem import Reading, RowPlace
from recto.datasets.readers.text import read_lines, read_text
from recto.datasets.strict_json import parse_json
from recto.errors import AnnotationError, DatasetError

CSV_INTEGERS = ("page",)


def read(path: Path) -> Reading:
    """The Examples of every metadata file in the folder and the folders in it (or of that one file)."""
    root = path if path.is_dir() else path.parent
    files = [path] if path.is_file() else [f for name in METADATA_NAMES for f in root.rglob(name)]
    reading = Reading()
    for file in sorted(files):
        for origin, row in _rows(file, reading):
            _add(row, origin, root, reading)
    return reading


def _rows(file: Path, reading: Reading) -> Iterator[tuple[RowPlace, object]]:
    if file.suffix == ".csv":
        yield from _csv_rows(file)
    elif file.suffix == ".parquet":
        yield from _parquet_rows(file)
    else:
        for origin, line in read_lines(file, reading):
            try:
                yield origin, parse_json(line)
            except ValueError as error:
                reading.wrong(origin, str(error))


def _csv_rows(file: Path) -> Iterator[tuple[RowPlace, object]]:
    table = csv.DictReader(StringIO(read_text(file), newline=""))
    try:
        for row in table:
            cells: dict[str, object] = {str(key): value or None for key, value in row.items()}
            for name in CSV_INTEGERS:
                value = cells.get(name)
                cells[name] = int(value) if isinstance(value, str) and value.isdecimal() else value
            yield RowPlace(file, str(table.line_num)), cells
    except csv.Error as error:
        raise AnnotationError(f"line {table.line_num} is no CSV: {error}", where=file) from None


def _parquet_rows(file: Path) -> Iterator[tuple[RowPlace, object]]:
    parquet = need("pyarrow.parquet", "Parquet metadata")
    arrow = need("pyarrow", "Parquet metadata")
    try:
        with parquet.ParquetFile(file) as table:
            number = 0
            for batch in table.iter_batches(batch_size=256):
                for row in batch.to_pylist():
                    number += 1
                    yield RowPlace(file, str(number)), row
    except (OSError, arrow.ArrowException) as error:
        raise DatasetError(
            f"this is no Parquet file that can be read: {str(error)[:200]}", where=file
        ) from None


def _add(row: object, origin: RowPlace, root: Path, reading: Reading) -> None:
    try:
        if not isinstance(row, dict):
            raise ValueError(f"an entry must be an object with keys, not {type(row).__name__}")
        name = row.get("file_name")
        if not isinstance(name, str) or not name:
            raise ValueError("file_name: there is none")
        folder = origin.file.parent.relative_to(root).as_posix()
        image = name if folder == "." else f"{folder}/{name}"
        cells = {key: value for key, value in row.items() if key != "file_name"}
        reading.examples.append(example_from_cells(cells, image, None, origin=str(origin), root=root))
    except ValueError as error:
        reading.wrong(origin, error)
