"""ALTO, PAGE XML and hOCR files beside their images, as other programs export them: one Example per page.

Which standard a file follows, its content says. Its image is looked for by the name that the file gives, then
by the file's own name, in its folder and the one above. A page of which any line has a confidence is a
machine's reading: its text is `text_unverified`. Documents without such a file become Examples without text.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from recto.datasets.example import Example, Source
from recto.datasets.naming import DOCUMENT_SUFFIXES, category_from_name, safe_name, split_from_name
from recto.datasets.pages import open_counted
from recto.datasets.problem import MissingFile, Reading, RowPlace
from recto.datasets.readers.folder import add_document, documents_in
from recto.datasets.row import file_inside
from recto.documents.formats.detection import SUFFIXES, reader_for
from recto.documents.formats.sheet import Reader, Sheet
from recto.errors import RectoError

MAX_BYTES = 100_000_000
"""Of one file: it is held in memory as a tree, several times as large."""


def read(path: Path) -> Reading:
    """The Examples of one such file, or of all in a folder and the folders in it."""
    root = path if path.is_dir() else path.parent
    reading, named = Reading(), set[str]()
    for file, read_sheets in sheet_files(path):
        for example in _examples(file, read_sheets, root, reading):
            reading.examples.append(example)
            named.add(example.image)
    if path.is_dir():
        for document in documents_in(root):
            if document.relative_to(root).as_posix() not in named:
                add_document(root, document, reading)
    return reading


def sheet_files(path: Path) -> Iterator[tuple[Path, Reader]]:
    """Every file at or under `path` that is of one of the standards, sorted, each with what reads it."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        hidden = path.is_dir() and any(part.startswith(".") for part in file.relative_to(path).parts)
        if not hidden and file.suffix.lower() in SUFFIXES and file.is_file():
            with file.open("rb") as stream:
                reader = reader_for(stream.read(4096))
            if reader is not None:
                yield file, reader


def _examples(file: Path, read_sheets: Reader, root: Path, reading: Reading) -> Iterator[Example]:
    origin = RowPlace(file, "")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"the file has more than {MAX_BYTES:,} bytes")
        sheets = read_sheets(file.read_bytes())
    except (OSError, ValueError) as error:
        reading.wrong(origin, ValueError(str(error)))
        return
    for sheet in sheets:
        place = RowPlace(file, f"page {sheet.number}" if len(sheets) > 1 else "")
        try:
            yield _example(sheet, file, root, (place, len(sheets)))
        except RectoError as error:
            reading.wrong(place, f"{error.what} ({error.where})" if error.where else error.what)
        except ValueError as error:
            reading.wrong(place, error)


def _example(sheet: Sheet, file: Path, root: Path, at: tuple[RowPlace, int]) -> Example:
    """The page, its lines in pixels of its image. Raises ValueError, MissingFile or DocumentErrors."""
    place, pages = at
    image = _image_of(sheet, file, root)
    source: Source = file_inside(root, image)
    bare = Example(image, source, None, category_from_name(image), page=sheet.number if pages > 1 else None)
    page, page_count = open_counted(bare)
    scaled = sheet.scaled(page.width, page.height)
    text = scaled.text or None
    return Example(
        image=image,
        source=source,
        text=None if scaled.has_confidences else text,
        text_unverified=text if scaled.has_confidences else None,
        category=bare.category,
        split=split_from_name(image),
        lines=scaled.lines or None,
        page=sheet.number if page_count > 1 else None,
        origin=str(place),
        category_guessed=True,
    )


def _image_of(sheet: Sheet, file: Path, root: Path) -> str:
    """The image's path below `root`. Raises MissingFile where none of the names is there."""
    inside = file.parent.relative_to(root)
    folders = [inside, inside.parent] if inside.parts else [inside]
    for folder in folders:
        for name in _names(sheet, file):
            path = root / folder / name
            if path.suffix.lower() in DOCUMENT_SUFFIXES and path.is_file():
                return safe_name((folder / name).as_posix())
    named = f"image file {sheet.image[:120]!r} is missing" if sheet.image else "it names no image"
    raise MissingFile(f"{named}, and none has the name of this file")


def _names(sheet: Sheet, file: Path) -> Iterator[str]:
    """The image as named (without folders), then this file's name with what it may end in taken off."""
    if sheet.image:
        yield PureWindowsPath(PurePosixPath(sheet.image).name).name
    stem = file.stem
    yield stem
    for suffix in sorted(DOCUMENT_SUFFIXES):
        for ending in (suffix, suffix.upper()):
            yield stem + ending
            yield stem.removesuffix(".alto").removesuffix(".page") + ending
    yield stem.removesuffix(".alto")
    head, dot, tail = stem.rpartition(".page-")
    if dot and tail.isdecimal():
        yield head
