"""Hugging Face datasets saved to disk (`save_to_disk`), opened by the `datasets` library, offline.

The library maps the Arrow files into memory: texts are read once, documents when they are wanted.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

from recto.datasets.cells import example_from_cells
from recto.datasets.naming import SPLIT_WORDS, suffix_of
from recto.datasets.packages import need
from recto.datasets.packed import Deferred, image_bytes
from recto.datasets.problem import Reading, RowPlace
from recto.datasets.readers.parquet import name_of
from recto.errors import AnnotationError, DatasetError


def read(path: Path) -> Reading:
    """The Examples of a saved Dataset or DatasetDict (whose keys are the splits)."""
    library = need("datasets", "saved Hugging Face datasets")
    arrow = need("pyarrow", "saved Hugging Face datasets")
    try:
        saved = library.load_from_disk(str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, arrow.ArrowException) as error:
        raise DatasetError(f"this saved dataset can't be opened: {str(error)[:200]}", where=path) from None
    reading = Reading()
    tables = saved.items() if isinstance(saved, dict) else [("", saved)]
    for name, table in tables:
        try:
            _read_table(path / name, table, SPLIT_WORDS.get(name.lower()), reading)
        except (OSError, arrow.ArrowException, json.JSONDecodeError) as error:
            raise DatasetError(f"the table can't be read: {str(error)[:200]}", where=path / name) from None
    return reading


def _read_table(
    place: Path,
    table: Any,  # noqa: ANN401  the library has no types
    split: str | None,
    reading: Reading,
) -> None:
    if "image" not in table.column_names:
        raise AnnotationError(
            "the table has no column `image`",
            where=place,
            hint=f"its columns: {', '.join(table.column_names)[:200]}",
        )
    table.data.table.validate(full=True)  # Arrow follows damaged offsets out of its memory otherwise
    raw = table.with_format("arrow")
    for index in range(len(table)):
        origin = RowPlace(place, str(index + 1))
        row = raw[index].to_pylist()[0]
        cell = row.pop("image")
        try:
            document = image_bytes(cell)
            if document is None:
                raise ValueError("image: there are no bytes in it")
            row["split"] = row.get("split") or split
            source = Deferred(partial(_image, raw, index))
            image = name_of(row, cell) or f"{split or 'row'}-{index + 1}{suffix_of(document)}"
            reading.examples.append(example_from_cells(row, image, source, origin=str(origin)))
        except ValueError as error:
            reading.wrong(origin, str(error))


def _image(raw: Any, index: int) -> bytes:  # noqa: ANN401  the library has no types
    return image_bytes(raw[index].column("image")[0].as_py()) or b""
