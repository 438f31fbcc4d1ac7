"""Loading a dataset from a folder or a file of any format, which its content tells.

`read_dataset` gives Examples and Problems side by side; `load_dataset` trusts no file with Problems.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from recto.datasets.detection import detect_format
from recto.datasets.example import Dataset
from recto.datasets.pairs import example_of, read_pairs
from recto.datasets.problem import Reading, RowPlace, refuse
from recto.errors import DatasetError

READERS: dict[str, str] = {
    "annotations": "recto.datasets.readers.annotations",
    "jsonl": "recto.datasets.readers.jsonl",
    "parquet": "recto.datasets.readers.parquet",
    "webdataset": "recto.datasets.readers.shards",
    "imagefolder": "recto.datasets.readers.imagefolder",
    "saved": "recto.datasets.readers.saved",
    "sheets": "recto.datasets.readers.sheets",
    "label_studio": "recto.datasets.readers.label_studio",
    "folder": "recto.datasets.readers.folder",
}


def load_dataset(path: Path, *, keep_missing: bool = False) -> Dataset:
    """The Dataset at `path`. Raises DatasetError where there is none, AnnotationError that lists bad rows.

    A missing document is such a mistake of its row. With `keep_missing` it is an Example whose opening
    raises DocumentNotFound: for measuring, where nothing may drop out of what is counted.
    """
    reading = read_dataset(path)
    if keep_missing:
        reading = reading.with_missing()
    refuse(reading.problems, path)
    if not reading.examples:
        raise DatasetError("there are no documents", where=path, hint="is this the right folder?")
    return Dataset(tuple(reading.examples), path)


def load_taught(path: Path) -> Dataset:
    """As `load_dataset`; extraction pairs are Examples whose documents are texts, for those who learn from
    texts. Raises DatasetError, AnnotationError.
    """
    if detect_format(path) != "pairs":
        return load_dataset(path)
    reading = Reading()
    for pair in read_pairs(path):
        row = pair.origin.rpartition(":")[2]
        try:
            reading.examples.append(example_of(pair, f"{path.name}:{row}"))
        except ValueError as error:
            reading.wrong(RowPlace(path, row), str(error))
    refuse(reading.problems, path)
    return Dataset(tuple(reading.examples), path)


def read_dataset(path: Path) -> Reading:
    """Examples and Problems of `path`. Raises DatasetError where the file as a whole can't be read."""
    format_name = detect_format(path)
    if format_name == "pairs":
        raise DatasetError(
            "these are extraction pairs: they have no page images",
            where=path,
            hint="language models learn from them: recto train, with a recipe of kind text",
        )
    read = cast(Callable[[Path], Reading], import_module(READERS[format_name]).read)
    return read(path)
