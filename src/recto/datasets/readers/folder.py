"""Documents without annotations: what a file's name and folder say is all that is known of it."""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from recto.datasets.example import Example
from recto.datasets.naming import (
    DOCUMENT_SUFFIXES,
    SPLIT_WORDS,
    category_from_name,
    safe_name,
    split_from_name,
)
from recto.datasets.problem import Reading, RowPlace
from recto.datasets.row import file_inside


def read(path: Path) -> Reading:
    """Every document of a folder and the folders in it, without text."""
    reading = Reading()
    for document in documents_in(path):
        add_document(path, document, reading)
    return reading


def add_unlisted(root: Path, reading: Reading, listed: set[str]) -> None:
    """Add the documents of `train/ val/ test/` that no entry names (`listed` holds the names of entries)."""
    for word in sorted(SPLIT_WORDS):
        for document in documents_in(root / word):
            if document.relative_to(root).as_posix() not in listed:
                add_document(root, document, reading)


def named_image(entry: object) -> str:
    """The image that an entry names, right or wrong in everything else; "" where it names none."""
    image = entry.get("image") if isinstance(entry, dict) else None
    return posixpath.normpath(image) if isinstance(image, str) else ""


def documents_in(folder: Path) -> Iterator[Path]:
    """Images and PDFs under `folder`, sorted by path; hidden files and folders are left out."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in DOCUMENT_SUFFIXES and not hidden and path.is_file():
            yield path


def add_document(root: Path, document: Path, reading: Reading) -> None:
    """Add one document under `root` as an Example without text, or the Problem with its name."""
    name = document.relative_to(root).as_posix()
    origin = RowPlace(document, "")
    try:
        image = safe_name(name)
        source = file_inside(root, image)
    except ValueError as error:
        reading.wrong(origin, str(error))
        return
    reading.examples.append(
        Example(
            image=image,
            source=source,
            text=None,
            category=category_from_name(image),
            split=split_from_name(image),
            origin=str(origin),
            category_guessed=True,
        )
    )
