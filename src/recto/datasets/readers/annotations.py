"""The dataset folder: `annotations.json`, a list of entries, beside `train/ val/ test/`.

Documents in those three folders that no entry names become Examples without text.
"""

from pathlib import Path

from recto.datasets.problem import Reading, RowPlace
from recto.datasets.readers.folder import add_unlisted, named_image
from recto.datasets.readers.text import read_text
from recto.datasets.row import example_from_row
from recto.datasets.strict_json import parse_json
from recto.errors import AnnotationError


def read(path: Path) -> Reading:
    """The Examples of `annotations.json` (or of the folder that holds it)."""
    file = path / "annotations.json" if path.is_dir() else path
    try:
        entries = parse_json(read_text(file))
    except ValueError as error:
        raise AnnotationError(str(error), where=file) from None
    if not isinstance(entries, list):
        raise AnnotationError(
            "annotations.json must hold a list of entries",
            where=file,
            hint='[{"image": "train/receipt_001.jpg", "text": "…", "category": "receipt"}, …]',
        )
    reading = Reading()
    for number, entry in enumerate(entries, start=1):
        origin = RowPlace(file, str(number))
        try:
            example = example_from_row(entry, None, root=file.parent, origin=str(origin))
        except ValueError as error:
            reading.wrong(origin, error)
        else:
            reading.examples.append(example)
    add_unlisted(file.parent, reading, {named_image(entry) for entry in entries})
    return reading
