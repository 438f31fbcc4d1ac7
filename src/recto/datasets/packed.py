"""Documents inside archives and tables, read only when they are wanted: each kind is a `Packed`.

An archive that changes after it was listed would give other bytes under the old names: that is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from recto.datasets.packages import need
from recto.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Archive:
    """A file as it was when it was listed: `stamp` is its size and its time of change."""

    path: Path
    stamp: tuple[int, int]

    def check(self) -> None:
        """Raise DatasetError where the file is gone, or isn't what it was."""
        if stamp_of(self.path) != self.stamp:
            raise DatasetError(
                "the file was changed after it was loaded", where=self.path, hint="load it again"
            )


@dataclass(frozen=True, slots=True)
class TarMember:
    """`size_bytes` bytes at `offset_bytes` of an uncompressed tar file."""

    archive: Archive
    name: str
    offset_bytes: int
    size_bytes: int

    def read(self) -> bytes:
        """The member's bytes. Raises DatasetError where the archive is gone, changed or too short."""
        self.archive.check()
        try:
            with self.archive.path.open("rb") as file:
                file.seek(self.offset_bytes)
                data = file.read(self.size_bytes)
        except OSError as error:
            raise DatasetError(f"can't be read: {error.strerror}", where=self.archive.path) from None
        if len(data) != self.size_bytes:
            raise DatasetError(f"the archive ends inside {self.name!r}", where=self.archive.path)
        return data


@dataclass(frozen=True, slots=True)
class ParquetCell:
    """The image of row `row` (from 0) in row group `group` of a Parquet file."""

    table: Archive
    group: int
    row: int

    def read(self) -> bytes:
        """The image's bytes. Raises DatasetError where the table is gone, changed or can't be read."""
        self.table.check()
        return image_bytes(_images(self.table, self.group)[self.row].as_py()) or b""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Bytes that a function fetches, for tables that know best themselves how to reach a row."""

    fetch: Callable[[], bytes] = field(repr=False)

    def read(self) -> bytes:
        """The document's bytes."""
        return self.fetch()


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of change. Raises DatasetError where there is no such file."""
    try:
        status = path.stat()
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=path) from None
    return status.st_size, status.st_mtime_ns


def image_bytes(cell: object) -> bytes | None:
    """The bytes of an image cell: plain binary, or a struct with `bytes`; None where there are none."""
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    return cell if isinstance(cell, bytes) and cell else None


@lru_cache(maxsize=2)  # neighbours are read one after another; two groups are a few MB each
def _images(table: Archive, group: int) -> Any:  # noqa: ANN401  pyarrow has no types
    parquet = need("pyarrow.parquet", "Parquet datasets")
    arrow = need("pyarrow", "Parquet datasets")
    try:
        with parquet.ParquetFile(table.path) as file:
            return file.read_row_group(group, columns=["image"]).column("image").combine_chunks()
    except (OSError, arrow.ArrowException) as error:
        raise DatasetError(f"the table can't be read: {error}", where=table.path) from None
