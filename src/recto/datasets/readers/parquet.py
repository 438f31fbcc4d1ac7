"""Parquet: a table with the documents inside, read one row group at a time.

Texts and boxes are taken into memory; the documents stay in the file until they are wanted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recto.datasets.cells import example_from_cells
from recto.datasets.naming import SPLIT_WORDS, suffix_of
from recto.datasets.packages import need
from recto.datasets.packed import Archive, ParquetCell, image_bytes, stamp_of
from recto.datasets.problem import Reading, RowPlace
from recto.errors import AnnotationError, DatasetError


def read(path: Path) -> Reading:
    """The Examples of one `.parquet` file, or of all in a folder (or its `data/`), by name."""
    files = [path]
    if path.is_dir():
        files = sorted(path.glob("*.parquet")) or sorted((path / "data").glob("*.parquet"))
    reading = Reading()
    for file in files:
        _read_file(file, reading)
    return reading


def _read_file(file: Path, reading: Reading) -> None:
    parquet = need("pyarrow.parquet", "Parquet datasets")
    arrow = need("pyarrow", "Parquet datasets")
    archive = Archive(file, stamp_of(file))
    try:
        with parquet.ParquetFile(file) as table:
            if "image" not in table.schema_arrow.names:
                raise AnnotationError(
                    "the table has no column `image`",
                    where=file,
                    hint=f"its columns: {', '.join(table.schema_arrow.names)[:200]}",
                )
            number = 0
            for group in range(table.num_row_groups):
                for index, row in enumerate(_rows(table, group)):
                    number += 1
                    _add(row, ParquetCell(archive, group, index), RowPlace(file, str(number)), reading)
    except (OSError, arrow.ArrowException, UnicodeDecodeError, OverflowError) as error:
        raise DatasetError(
            f"this is no Parquet file that can be read: {str(error)[:200]}", where=file
        ) from None


def _rows(table: Any, group: int) -> Iterator[dict[str, object]]:  # noqa: ANN401  pyarrow has no types
    for batch in table.iter_batches(batch_size=64, row_groups=[group]):
        yield from batch.to_pylist()


def _add(row: dict[str, object], source: ParquetCell, origin: RowPlace, reading: Reading) -> None:
    cell = row.pop("image")
    try:
        document = image_bytes(cell)
        if document is None:
            raise ValueError("image: there are no bytes in it")
        image = name_of(row, cell) or f"{origin.file.stem}-{origin.row}{suffix_of(document)}"
        if row.get("split") is None:
            row["split"] = split_from_shard(origin.file)
        reading.examples.append(example_from_cells(row, image, source, origin=str(origin)))
    except ValueError as error:
        reading.wrong(origin, str(error))


def name_of(row: dict[str, object], cell: object) -> str:
    """The document's name: the column `file_name` (taken out of `row`), or the image's own path, or ""."""
    name = row.pop("file_name", None) or (cell.get("path") if isinstance(cell, dict) else None)
    return name if isinstance(name, str) else ""


def split_from_shard(file: Path) -> str | None:
    """The split that a shard's name begins with: `train-00000-of-00004.parquet` → train."""
    return SPLIT_WORDS.get(file.name.split("-")[0].split(".")[0].lower())
