"""Hugging Face imagefolder: a folder per split, each with its `metadata.jsonl`.

`datasets.load_dataset("imagefolder", data_dir=…)` reads it; `fields` and unknown keys are JSON text in it.
"""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from recto.datasets.cells import cells_from_example
from recto.datasets.example import Dataset
from recto.datasets.naming import SPLITS, in_split_folder
from recto.datasets.strict_json import dump_json
from recto.datasets.writers.places import new_folder, with_places, write_document


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the folder; documents go into the folder of their split."""
    with new_folder(out, replace=replace) as folder:
        rows: dict[str, list[str]] = defaultdict(list)
        for example, fresh in with_places(dataset.examples, lambda e: in_split_folder(e.image, e.split)):
            if fresh:
                write_document(example, folder)
            parts = PurePosixPath(example.image).parts
            place = str(parts[0]) if len(parts) > 1 and parts[0] in SPLITS else ""
            name = str(PurePosixPath(*parts[1:])) if place else example.image
            rows[place].append(dump_json({"file_name": name, **cells_from_example(example)}))
        for place, lines in rows.items():
            (folder / place / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
