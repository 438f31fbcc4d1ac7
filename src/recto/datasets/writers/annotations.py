"""The dataset folder: `annotations.json` beside `train/ val/ test/`, one entry per line."""

from pathlib import Path

from recto.datasets.example import Dataset
from recto.datasets.naming import in_split_folder
from recto.datasets.row import row_from_example
from recto.datasets.strict_json import dump_json
from recto.datasets.writers.places import new_folder, with_places, write_document


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the folder; documents go into the folder of their split."""
    with new_folder(out, replace=replace) as folder:
        rows = []
        for example, fresh in with_places(dataset.examples, lambda e: in_split_folder(e.image, e.split)):
            if fresh:
                write_document(example, folder)
            rows.append(dump_json(row_from_example(example)))
        (folder / "annotations.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
