"""Loading a dataset from a folder or a file of any format, which its content tells.

`read_dataset` gives Examples and Problems side by side; `load_dataset` trusts no file with Problems.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from recto.datasets.detection import detect_format
from recto.datasets.example import Dataset
from recto.datasets.problem import Reading, refuse
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


def read_dataset(path: Path) -> Reading:
    """Examples and Problems of `path`. Raises DatasetError where the file as a whole can't be read."""
    format_name = detect_format(path)
    if format_name == "pairs":
        raise DatasetError(
            "these are extraction pairs: they have no page images",
            where=path,
            hint="read them with recto.datasets.pairs.read_pairs",
        )
    read = cast(Callable[[Path], Reading], import_module(READERS[format_name]).read)
    return read(path)
