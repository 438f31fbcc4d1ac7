"""Hugging Face datasets saved to disk: a DatasetDict by split, or one Dataset where there are no splits."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recto.datasets.example import Dataset, Example
from recto.datasets.naming import SPLITS
from recto.datasets.packages import need
from recto.datasets.writers.parquet import cells_with_image, table_schema
from recto.datasets.writers.places import new_folder, with_places

ROWS_PER_BATCH = 32


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the folder that `datasets.load_from_disk` opens."""
    library = need("datasets", "saved Hugging Face datasets")
    examples = tuple(example for example, _ in with_places(dataset.examples, lambda e: e.image))
    parts = {split: [e for e in examples if e.split == split] for split in (*SPLITS, None)}
    with new_folder(out, replace=replace) as folder, tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        tables = {
            split or "unsplit": _table(part, Path(scratch) / f"{split or 'unsplit'}.arrow")
            for split, part in parts.items()
            if part
        }
        library.disable_progress_bars()
        try:
            saved = tables["unsplit"] if set(tables) == {"unsplit"} else library.DatasetDict(tables)
            saved.save_to_disk(str(folder))
        finally:
            library.enable_progress_bars()


def _table(examples: Sequence[Example], file: Path) -> Any:  # noqa: ANN401  the library has no types
    """The Examples as an Arrow file that the library maps into memory: never all documents at once."""
    library = need("datasets", "saved Hugging Face datasets")
    pa = need("pyarrow", "saved Hugging Face datasets")
    schema = table_schema()
    features = library.Features.from_arrow_schema(schema)
    if all(not example.image.lower().endswith(".pdf") for example in examples):
        features["image"] = library.Image()  # a PDF is no image to the library: it stays bytes and path
    schema = features.arrow_schema
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
        for start in range(0, len(examples), ROWS_PER_BATCH):
            rows = [cells_with_image(example) for example in examples[start : start + ROWS_PER_BATCH]]
            stream.write_table(pa.Table.from_pylist(rows, schema=schema))
    return library.Dataset.from_file(str(file))
