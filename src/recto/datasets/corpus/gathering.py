"""Gathering: what the paths given to `recto add` mean, as Examples and Problems. Nothing is added here.

A dataset of any format is read as such. Everything else is loose documents: images and PDFs, whose trusted
text may stand beside them (`scan_7.txt` beside `scan_7.jpg`; pages are parted by form feeds, as pdftotext
does). A Problem never hides what is right beside it.
"""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

from recto.datasets.detection import METADATA_NAMES, detect_format
from recto.datasets.example import Example
from recto.datasets.loading import read_dataset
from recto.datasets.naming import NO_CATEGORY, category_from_name, split_from_name
from recto.datasets.problem import Problem, Reading, RowPlace
from recto.documents.finding import SUFFIXES, FoundFile, find_documents
from recto.documents.opening import open_pages
from recto.documents.source import HEAD_BYTES, Kind, kind_of
from recto.errors import DatasetError, DocumentError, DocumentNotFound

PAGE_BREAK = "\f"
MAX_TEXT_BYTES = 10_000_000

_ANNOTATIONS = frozenset({"annotations.json", "annotations.jsonl", *METADATA_NAMES})


@dataclass(frozen=True, slots=True)
class Filing:
    """What is said of documents that say nothing themselves, and folders that aren't looked into.

    `category` is for loose documents, and for entries of datasets that state none (or "other"); `business`
    for whatever names no business type.
    """

    category: str | None = None
    business: str | None = None
    leave_out: tuple[Path, ...] = ()


def gather(paths: Sequence[str], filing: Filing) -> Reading:
    """Everything that `paths` (files, folders, globs) hold."""
    together = Reading()
    for path in _expanded(paths):
        try:
            found = _read(path, filing)
        except (DatasetError, DocumentError) as error:
            hint = f" ({error.hint})" if error.hint else ""
            together.problems.append(Problem(error.where or path, "", error.what + hint))
            continue
        together.examples += [changed(e, business=e.business or filing.business) for e in found.examples]
        together.problems += found.problems
    return together


def _expanded(paths: Sequence[str]) -> Iterator[str]:
    """The paths, and for globs what they match; one that matches nothing stays, to be told as missing."""
    for path in paths:
        matches = [] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        yield from matches or [path]


def _read(path: str, filing: Filing) -> Reading:
    """A dataset, or loose documents with the datasets that lie among them; nothing for a text beside one."""
    if _is_text(Path(path)):
        if _has_document(Path(path)):
            return Reading()
        hint = "put the image or PDF beside it by the same name (scan_7.jpg, scan_7.txt), and add that"
        raise DatasetError("this is a text without its document", where=path, hint=hint)
    if _is_dataset(Path(path)):
        return _dataset(Path(path), filing)
    out = Reading()
    inner = _datasets_below(Path(path), filing)
    for folder in inner:
        found = _dataset(folder, filing)
        out.examples += found.examples
        out.problems += found.problems
    left_out = [folder.resolve() for folder in (*inner, *filing.leave_out)]
    for file in find_documents([path]).files:
        if not any(file.path.resolve().is_relative_to(folder) for folder in left_out):
            _add_with_text(_loose_example(file, filing), file.path, out)
    if not (out.examples or out.problems):
        raise DocumentNotFound("no documents in there", where=path)
    return out


def _is_text(path: Path) -> bool:
    """Whether `path` is a text, which the document beside it brings along (`recto add scans/*`)."""
    return path.suffix.lower() == ".txt" and path.is_file() and _kind(path) is None


def _has_document(text: Path) -> bool:
    return any(text.with_suffix(suffix).is_file() for s in SUFFIXES for suffix in (s, s.upper()))


def _is_dataset(path: Path) -> bool:
    """Whether `path` is a dataset in a format of its own. Raises DatasetError for two at once."""
    if path.is_dir():
        try:
            return detect_format(path) != "folder"
        except DatasetError:
            if (path / "annotations.json").exists():
                raise
            return False  # `find_documents` says what isn't there
    if not path.is_file() or path.suffix.lower() in SUFFIXES:
        return False
    return _kind(path) is None


def _kind(path: Path) -> Kind | None:
    """The kind of document that the first bytes of a file tell."""
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(HEAD_BYTES))
    except OSError as error:
        raise DatasetError(f"can't be read: {error.strerror}", where=path) from None


def _datasets_below(path: Path, filing: Filing) -> list[Path]:
    """The outermost folders under `path` that hold annotations."""
    if not path.is_dir():
        return []
    left_out = {folder.resolve() for folder in filing.leave_out}
    found: list[Path] = []
    for here, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if f[0] != "." and (Path(here) / f).resolve() not in left_out)
        if _ANNOTATIONS & set(names):
            found.append(Path(here))
            folders.clear()
    return found


def _dataset(path: Path, filing: Filing) -> Reading:
    reading = read_dataset(path)
    out = Reading(problems=list(reading.problems))
    for example in reading.examples:
        named = _filed(example, filing)
        if isinstance(example.source, Path) and _says_nothing(example):
            _add_with_text(named, example.source, out)
        else:
            out.examples.append(named)
    return out


def _loose_example(file: FoundFile, filing: Filing) -> Example:
    name = file.relative.as_posix()
    return Example(
        image=name,
        source=file.path,
        text=None,
        category=filing.category or category_from_name(name),
        split=split_from_name(name),
        origin=str(RowPlace(file.path, "")),
        category_guessed=not filing.category,
    )


def _filed(example: Example, filing: Filing) -> Example:
    """An entry of a dataset with the category that was asked for, where the entry itself states none."""
    if not example.category_guessed and example.category != NO_CATEGORY:
        return example
    return changed(
        example, category=filing.category or example.category, category_guessed=not filing.category
    )


def _says_nothing(example: Example) -> bool:
    return example.text is None and example.text_unverified is None and example.lines is None


def _add_with_text(example: Example, file: Path, out: Reading) -> None:
    """Add the Example, with the text beside its file if there is one; page by page where it is parted."""
    beside = file.with_suffix(".txt")
    if beside == file or not beside.is_file():
        out.examples.append(example)
        return
    try:
        text = _text(beside)
        out.examples += _paged(example, file, text) if example.page is None else [changed(example, text=text)]
    except ValueError as error:
        out.wrong(RowPlace(beside, ""), error)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise ValueError(f"the text has more than {MAX_TEXT_BYTES:,} bytes")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is no UTF-8 text: save the file as UTF-8") from None
    if not text.strip():
        raise ValueError("the text is empty: remove the file where nobody has read the document yet")
    return text


def _paged(example: Example, file: Path, text: str) -> Iterator[Example]:
    """One Example per page of the document. Raises ValueError where texts and pages don't match."""
    pages = _page_count(file)
    texts = text.removesuffix(PAGE_BREAK).split(PAGE_BREAK)
    if pages is None or pages == len(texts) == 1:
        return iter([changed(example, text=text.removesuffix(PAGE_BREAK))])
    if pages != len(texts):
        raise ValueError(
            f"the document beside it has {_counted(pages, 'page')}, this has {_counted(len(texts), 'text')}; "
            "part the pages by form feeds, as pdftotext does"
        )
    numbered = enumerate(texts, start=1)
    return iter([changed(example, page=n, text=part if part.strip() else None) for n, part in numbered])


def _page_count(file: Path) -> int | None:
    """How many pages the document has; None where it can't be opened, which adding it will say."""
    try:
        with open_pages(file) as (_, document):
            return document.page_count
    except DocumentError:
        return None


def _counted(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
