"""Extraction pairs as JSON Lines, from the Examples that have trusted text and fields."""

from pathlib import Path

from recto.datasets.example import Dataset
from recto.datasets.pairs import pair_from_example, pair_to_json
from recto.datasets.writers.places import new_file
from recto.errors import DatasetError


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write the file. Raises DatasetError where no Example has both text and fields."""
    pairs = [pair for example in dataset.examples if (pair := pair_from_example(example)) is not None]
    if not pairs:
        raise DatasetError(
            "no document here has both trusted text and fields, so there are no pairs to write",
            where=dataset.root,
        )
    with new_file(out, replace=replace) as file, file.open("w", encoding="utf-8", newline="\n") as lines:
        for pair in pairs:
            lines.write(pair_to_json(pair) + "\n")
