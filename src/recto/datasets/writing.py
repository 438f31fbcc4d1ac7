"""Writing a Dataset in any format: the table of writers, and the one function that uses it."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import cast

from recto.datasets.example import Dataset
from recto.errors import DatasetError

WRITERS: dict[str, str] = {
    "annotations": "recto.datasets.writers.annotations",
    "jsonl": "recto.datasets.writers.jsonl",
    "parquet": "recto.datasets.writers.parquet",
    "webdataset": "recto.datasets.writers.shards",
    "imagefolder": "recto.datasets.writers.imagefolder",
    "saved": "recto.datasets.writers.saved",
    "pairs": "recto.datasets.writers.pairs",
}
_BY_SUFFIX = {".parquet": "parquet", ".tar": "webdataset"}


def write_dataset(
    dataset: Dataset, out: Path, format_name: str = "annotations", *, replace: bool = False
) -> None:
    """Write `dataset` to `out`, whole or not at all.

    Raises DatasetError for an unknown format, and OutputError where `out` holds something already and
    `replace` isn't given, or can't be written.
    """
    module = WRITERS.get(format_name)
    if module is None:
        raise DatasetError(f"no format is called {format_name!r}", hint=f"formats: {', '.join(WRITERS)}")
    write = cast(Callable[..., None], import_module(module).write)
    write(dataset, out, replace=replace)


def format_for(out: Path) -> str:
    """The format that a name asks for: Parquet and shards by suffix, else the annotations folder."""
    return _BY_SUFFIX.get(out.suffix.lower(), "annotations")
