"""JSON Lines: `annotations.jsonl`, one entry per line; documents keep the names they have."""

from pathlib import Path

from recto.datasets.example import Dataset
from recto.datasets.row import row_from_example
from recto.datasets.strict_json import dump_json
from recto.datasets.writers.places import new_folder, with_places, write_document


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the folder with `annotations.jsonl` and the documents."""
    with (
        new_folder(out, replace=replace) as folder,
        (folder / "annotations.jsonl").open("w", encoding="utf-8", newline="\n") as file,
    ):
        for example, fresh in with_places(dataset.examples, lambda e: e.image):
            if fresh:
                write_document(example, folder)
            file.write(dump_json(row_from_example(example)) + "\n")
