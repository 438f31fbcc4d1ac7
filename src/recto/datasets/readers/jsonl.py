"""JSON Lines: one entry per line, images beside the file."""

from pathlib import Path

from recto.datasets.problem import Reading
from recto.datasets.readers.folder import add_unlisted, named_image
from recto.datasets.readers.text import read_lines
from recto.datasets.row import example_from_row
from recto.datasets.strict_json import parse_json

FILE_NAME = "annotations.jsonl"


def read(path: Path) -> Reading:
    """The Examples of a `.jsonl` file (or of the folder that holds `annotations.jsonl`)."""
    file = path / FILE_NAME if path.is_dir() else path
    reading = Reading()
    listed: set[str] = set()
    for origin, line in read_lines(file, reading):
        try:
            entry = parse_json(line)
            listed.add(named_image(entry))
            example = example_from_row(entry, None, root=file.parent, origin=str(origin))
        except ValueError as error:
            reading.wrong(origin, error)
        else:
            reading.examples.append(example)
    if file.name == FILE_NAME:
        add_unlisted(file.parent, reading, listed)
    return reading
