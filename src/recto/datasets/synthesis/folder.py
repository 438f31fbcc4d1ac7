"""A stream of synthetic Examples as a dataset folder: `train/ val/ test/` beside `annotations.json`.

Images are written while they are made, so that memory stays flat; the folder appears under its name only
when it is whole.
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from recto.datasets.example import Example, JsonValue
from recto.documents.transcript import Line
from recto.errors import OutputError


def write_folder(examples: Iterable[Example], folder: Path) -> int:
    """Write `examples` into `folder`, which must not exist or be empty; returns how many there were.

    Raises OutputError, and then leaves nothing behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError("there is something already", where=folder, hint="name a new or an empty folder")
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir(parents=True)
        count = _write(examples, partial)
        partial.replace(folder)
    except OSError as error:
        raise OutputError(
            f"can't write: {error.strerror}", where=folder, hint="is there room, and permission?"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count


def _write(examples: Iterable[Example], folder: Path) -> int:
    entries = []
    for example in examples:
        assert isinstance(example.source, bytes)
        image = folder / example.image
        image.parent.mkdir(exist_ok=True)
        image.write_bytes(example.source)
        entries.append(_entry(example))
    text = json.dumps(entries, ensure_ascii=False, indent=1)
    (folder / "annotations.json").write_text(text + "\n", encoding="utf-8")
    return len(entries)


def _entry(example: Example) -> dict[str, JsonValue]:
    return {
        "image": example.image,
        "text": example.text,
        "category": example.category,
        "split": example.split,
        "group": example.group,
        "language": example.language,
        "fields": dict(example.fields or {}),
        "lines": [_line(line) for line in example.lines or ()],
        **example.extra,
    }


def _line(line: Line) -> dict[str, JsonValue]:
    return {
        "text": line.text,
        "box": [round(value, 1) for value in line.box],
        "polygon": [[round(x, 1), round(y, 1)] for x, y in line.polygon or ()],
    }
