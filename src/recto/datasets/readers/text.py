"""Opening annotation files as text: UTF-8 with or without a byte order mark, of bounded size."""

from collections.abc import Iterator
from pathlib import Path

from recto.datasets.problem import Reading, RowPlace
from recto.errors import AnnotationError, DatasetError

MAX_ANNOTATION_BYTES = 1 << 30


def read_text(path: Path) -> str:
    """The whole file. Raises DatasetError where it can't be read, AnnotationError where it is no UTF-8."""
    _check_size(path)
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=path) from None
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f"byte {error.start} is no UTF-8 text", where=path, hint="save the file as UTF-8"
        ) from None


def read_lines(path: Path, reading: Reading) -> Iterator[tuple[RowPlace, str]]:
    """Every line that isn't blank, one at a time, with its number; a line that is no UTF-8 is a Problem."""
    _check_size(path)
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                origin = RowPlace(path, str(number))
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    reading.wrong(origin, f"byte {error.start} of the line is no UTF-8 text")
                    continue
                if line.strip():
                    yield origin, line
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=path) from None


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=path) from None
    if size > MAX_ANNOTATION_BYTES:
        raise DatasetError(
            f"the file has {size:,} bytes; annotations may have {MAX_ANNOTATION_BYTES:,}",
            where=path,
            hint="split it into several files, or use Parquet",
        )
