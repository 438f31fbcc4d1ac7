"""Documents inside archives and tables, read only when they are wanted: each kind is a `Packed`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from recto.datasets.packages import need
from recto.errors import DatasetError


@dataclass(frozen=True, slots=True)
class TarMember:
    """`size_bytes` bytes at `offset_bytes` of an uncompressed tar file."""

    archive: Path
    name: str
    offset_bytes: int
    size_bytes: int

    def read(self) -> bytes:
        """The member's bytes. Raises DatasetError where the archive is gone or too short."""
        try:
            with self.archive.open("rb") as file:
                file.seek(self.offset_bytes)
                data = file.read(self.size_bytes)
        except OSError as error:
            raise DatasetError(f"can't be read: {error.strerror}", where=self.archive) from None
        if len(data) != self.size_bytes:
            raise DatasetError(f"the archive ends inside {self.name!r}", where=self.archive)
        return data


@dataclass(frozen=True, slots=True)
class ParquetCell:
    """The image of row `row` (from 0) in row group `group` of a Parquet file."""

    table: Path
    group: int
    row: int
    column: str = "image"

    def read(self) -> bytes:
        """The image's bytes. Raises DatasetError where the table can't be read any more."""
        images = _row_group(self.table, self.group, self.column)
        return image_bytes(images[self.row].as_py()) or b""  # type: ignore[index]


@dataclass(frozen=True, slots=True)
class Deferred:
    """Bytes that a function fetches, for tables that know best themselves how to reach a row."""

    fetch: Callable[[], bytes] = field(repr=False)

    def read(self) -> bytes:
        """The document's bytes."""
        return self.fetch()


def image_bytes(cell: object) -> bytes | None:
    """The bytes of an image cell: plain binary, or a struct with `bytes`; None where there are none."""
    if isinstance(cell, dict):
        cell = cell.get("bytes")
    return cell if isinstance(cell, bytes) and cell else None


@lru_cache(maxsize=2)  # neighbours are read one after another; two groups are a few MB each
def _row_group(table: Path, group: int, column: str) -> object:
    parquet = need("pyarrow.parquet", "Parquet datasets")
    arrow = need("pyarrow", "Parquet datasets")
    try:
        with parquet.ParquetFile(table) as file:
            return file.read_row_group(group, columns=[column]).column(column).combine_chunks()
    except (OSError, arrow.ArrowException) as error:
        raise DatasetError(f"the table can't be read: {error}", where=table) from None
