"""A stream of synthetic Examples as a dataset folder: `train/ val/ test/` beside `annotations.json`.

Documents are written while they are made, so that memory stays flat where `datasets/writers/annotations`
wants a whole Dataset; the folder appears under its name only when it is complete.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from recto.datasets.example import Example
from recto.datasets.row import row_from_example
from recto.datasets.strict_json import dump_json
from recto.datasets.writers.places import new_folder, write_document
from recto.documents.transcript import Line


def write_folder(examples: Iterable[Example], out: Path, *, replace_existing: bool = False) -> int:
    """Write `examples` into the folder `out`; returns how many there were.

    Raises OutputError where something is there already and may not be replaced, or nothing can be written.
    """
    rows = []
    with new_folder(out, replace=replace_existing) as folder:
        for example in examples:
            write_document(example, folder)
            lines = tuple(_rounded(line) for line in example.lines or ())
            rows.append(dump_json(row_from_example(replace(example, lines=lines))))
        (folder / "annotations.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    return len(rows)


def _rounded(line: Line) -> Line:
    """A tenth of a pixel is as exact as a pixel can show."""
    x0, y0, x1, y1 = (round(value, 1) for value in line.box)
    corners = line.polygon
    polygon = None if corners is None else tuple((round(x, 1), round(y, 1)) for x, y in corners)
    return Line(line.text, (x0, y0, x1, y1), polygon=polygon)
