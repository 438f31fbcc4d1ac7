"""Texts that `recto extract` is given: .txt files, and transcripts.jsonl as `recto read` writes it.

No engine reads them. They must be named, or matched by a glob: in a folder they are left alone, where they
may well be what was read of the pictures beside them.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from recto.cli.extract_answers import Answers, Extracting
from recto.cli.read_run import Outcome, Wanted
from recto.documents.finding import FoundFile
from recto.documents.source import HEAD_BYTES, kind_of
from recto.documents.transcript import Transcript, TranscriptJson, transcript_from_json
from recto.engines.reading import PageFailure
from recto.errors import BrokenDocument, DocumentError, DocumentNotFound, EmptyDocument, OutputError
from recto.extraction.texts import transcripts_of_text

_TEXT, _JOURNAL = ".txt", ".jsonl"


def is_text(file: FoundFile) -> bool:
    """Whether the file is a text: by its name, unless its content is an image or a PDF."""
    if file.path.suffix.lower() not in (_TEXT, _JOURNAL):
        return False
    try:
        with file.path.open("rb") as stream:
            return kind_of(stream.read(HEAD_BYTES)) is None
    except OSError:
        return True  # reading it says what is wrong


def extract_texts(
    files: Sequence[FoundFile], extracting: Extracting, answers: Answers, wanted: Wanted
) -> Outcome:
    """Extract the fields of all texts; what fails is listed, and the rest goes on. Raises OutputError."""
    outcome = Outcome()
    for file in files:
        try:
            for transcripts, relative in _documents(file, wanted):
                answer = extracting.of(transcripts)
                answers.require_free(answer, relative)
                answers.take(answer, relative)
                outcome.documents += 1
                outcome.pages += answer.pages
        except (DocumentError, OutputError) as error:
            outcome.failures.append(PageFailure(str(file.path), None, error))
    return outcome


def _documents(file: FoundFile, wanted: Wanted) -> Iterator[tuple[list[Transcript], Path]]:
    """The chosen pages of each document in the file, and what the document is called."""
    content = _content(file.path, wanted)
    if file.path.suffix.lower() == _TEXT:
        named = [(_text(content, file.path), file.relative)]
    else:
        named = [(pages, _safe(name)) for name, pages in _journal(content, file.path).items()]
    for pages, relative in named:
        chosen = set(wanted.pages.of(max(page.page for page in pages)))
        if kept := [page for page in pages if page.page in chosen]:
            yield kept, relative


def _content(path: Path, wanted: Wanted) -> bytes:
    try:
        wanted.limits.check_bytes(path.stat().st_size, str(path))
        content = path.read_bytes()
    except FileNotFoundError:
        raise DocumentNotFound("there is no such file", where=path, hint="check the path") from None
    except OSError as error:
        raise DocumentError(f"can't be opened: {error.strerror}", where=path, hint="check it") from None
    if not content:
        raise EmptyDocument("the file is empty", where=path, hint="copy or download it again")
    return content


def _text(content: bytes, path: Path) -> Sequence[Transcript]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BrokenDocument("this is no text in UTF-8", where=path, hint="save it as UTF-8") from None
    return transcripts_of_text(text, str(path), sha256=hashlib.sha256(content).hexdigest())


def _journal(content: bytes, path: Path) -> dict[str, list[Transcript]]:
    """The pages by document, in order. Raises BrokenDocument."""
    documents: dict[str, list[Transcript]] = {}
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            value: TranscriptJson = json.loads(line)
            transcript = transcript_from_json(value)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            raise BrokenDocument(
                "this line is not a transcript",
                where=f"{path}:{number}",
                hint="`recto read` writes such files",
            ) from None
        documents.setdefault(transcript.document, []).append(transcript)
    for pages in documents.values():
        pages.sort(key=lambda page: page.page)
    return documents


def _safe(name: str) -> Path:
    """The document's name as a relative one that leads nowhere else."""
    parts = [part for part in PurePath(name).parts if part not in ("/", "..", ".")]
    return Path(*parts) if parts else Path("document")
