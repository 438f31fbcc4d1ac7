"""Hugging Face imagefolder: a folder per split, each with its `metadata.parquet`.

`datasets.load_dataset("imagefolder", data_dir=…)` reads it. It wants the same types in every split, which
only a typed table can promise: JSON Lines would tell it "null" wherever a split has no value in a column.
`fields` and unknown keys are JSON text in it.
"""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from recto.datasets.cells import cells_from_example
from recto.datasets.example import Dataset
from recto.datasets.naming import SPLITS, in_split_folder
from recto.datasets.packages import need
from recto.datasets.writers.parquet import table_schema
from recto.datasets.writers.places import new_folder, with_places, write_document


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the folder; documents go into the folder of their split."""
    with new_folder(out, replace=replace) as folder:
        rows: dict[str, list[dict[str, object]]] = defaultdict(list)
        for example, fresh in with_places(dataset.examples, lambda e: in_split_folder(e.image, e.split)):
            if fresh:
                write_document(example, folder)
            parts = PurePosixPath(example.image).parts
            place = str(parts[0]) if len(parts) > 1 and parts[0] in SPLITS else ""
            name = str(PurePosixPath(*parts[1:])) if place else example.image
            rows[place].append({"file_name": name, **cells_from_example(example)})
        for place, table in rows.items():
            _write_metadata(table, folder / place / "metadata.parquet")


def _write_metadata(rows: list[dict[str, object]], file: Path) -> None:
    pa = need("pyarrow", "imagefolder metadata")
    parquet = need("pyarrow.parquet", "imagefolder metadata")
    schema = table_schema()
    schema = schema.remove(schema.get_field_index("image"))
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), file)
