"""Parquet with the documents inside: one file, or a folder of files per split.

Row groups are small (at most 64 rows or 32 MB of documents), so that readers need little memory.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from recto.datasets.cells import TEXT_COLUMNS, cells_from_example
from recto.datasets.example import Dataset, Example
from recto.datasets.naming import SPLITS
from recto.datasets.packages import need
from recto.datasets.pages import document_bytes
from recto.datasets.writers.places import new_file, new_folder, with_places

ROWS_PER_GROUP = 64
BYTES_PER_GROUP = 32 << 20
Cells = dict[str, object]


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write `out` as one file if it ends in `.parquet`, else as a folder with one file per split."""
    examples = tuple(example for example, _ in with_places(dataset.examples, lambda e: e.image))
    if out.suffix.lower() == ".parquet":
        with new_file(out, replace=replace) as file:
            _write_file(examples, file)
        return
    with new_folder(out, replace=replace) as folder:
        for split in (*SPLITS, None):
            part = [example for example in examples if example.split == split]
            if part:
                _write_file(part, folder / f"{split or 'unsplit'}-00000-of-00001.parquet")


def table_schema() -> Any:  # noqa: ANN401  pyarrow has no types
    """The Arrow schema of a table of Examples."""
    pa = need("pyarrow", "Parquet datasets")
    line = pa.struct(
        [
            ("text", pa.string()),
            ("box", pa.list_(pa.float64())),
            ("confidence", pa.float64()),
            ("polygon", pa.list_(pa.list_(pa.float64()))),
        ]
    )
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    texts = [(name, pa.string()) for name in TEXT_COLUMNS]
    return pa.schema(
        [
            ("image", image),
            ("file_name", pa.string()),
            *texts,
            ("page", pa.int64()),
            ("lines", pa.list_(line)),
        ]
    )


def cells_with_image(example: Example) -> Cells:
    """The row of `example` with its document's bytes.

    `file_name` repeats the path, which `save_to_disk` shortens to its last part.
    """
    image = {"bytes": document_bytes(example), "path": example.image}
    return {"image": image, "file_name": example.image, **cells_from_example(example)}


def _write_file(examples: Iterable[Example], file: Path) -> None:
    pa = need("pyarrow", "Parquet datasets")
    parquet = need("pyarrow.parquet", "Parquet datasets")
    schema = table_schema()
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(examples):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _groups(examples: Iterable[Example]) -> Iterator[list[Cells]]:
    group: list[Cells] = []
    size = 0
    for example in examples:
        cells = cells_with_image(example)
        length = len(cells["image"]["bytes"])  # type: ignore[index]
        if group and (len(group) >= ROWS_PER_GROUP or size + length > BYTES_PER_GROUP):
            yield group
            group, size = [], 0
        group.append(cells)
        size += length
    if group:
        yield group
