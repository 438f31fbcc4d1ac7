"""What `recto extract` writes: one answer per document, on stdout or as NAME.fields.json in a folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recto.cli.extract_format import AnswerFormat
from recto.cli.read_folder import ReadFolder
from recto.cli.read_outputs import print_bytes
from recto.documents.replacing import replace_file
from recto.documents.transcript import Transcript
from recto.errors import DocumentTooLarge, OutputError
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction, ExtractionJson
from recto.extraction.texts import ENGINE, check_lines, extract_text

SUFFIX = ".fields.json"


class AnswerJson(ExtractionJson):
    """An answer as JSON: the Extraction, and of which document it is."""

    document: str
    sha256: str
    pages: int
    engine: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was extracted from one document, and by which engine its pages were read."""

    document: str
    sha256: str
    pages: int
    engine: str
    extraction: Extraction

    def to_json(self) -> AnswerJson:
        """The documented shape."""
        return {
            "document": self.document,
            "sha256": self.sha256,
            "pages": self.pages,
            "engine": self.engine,
            **self.extraction.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Extracting:
    """An extractor, and how many lines it may look through."""

    extractor: Extractor
    max_lines: int

    def of(self, transcripts: Sequence[Transcript]) -> Answer:
        """The answer for the pages of one document, of which there is at least one.

        Raises DocumentTooLarge.
        """
        first = transcripts[0]
        check_lines(transcripts, self.max_lines, where=first.document)
        is_text = first.engine == ENGINE
        try:
            extraction = (
                extract_text(self.extractor, transcripts) if is_text else self.extractor.extract(transcripts)
            )
        except DocumentTooLarge as error:  # an extractor sees lines, and doesn't know whose they are
            where = error.where or first.document
            raise DocumentTooLarge(error.what, where=where, hint=error.hint) from error
        return Answer(first.document, first.sha256, len(transcripts), first.engine, extraction)


class Answers(Protocol):
    """Where answers go."""

    def require_free(self, answer: Answer, relative: Path) -> None:
        """Raises OutputError where another document has the name of this one."""
        ...

    def take(self, answer: Answer, relative: Path) -> None:
        """Write the answer for the document called `relative`. Raises OutputError."""
        ...


class PrintedAnswers:
    """Each answer on stdout as soon as it is there: JSON Lines, or tables."""

    def __init__(self, form: AnswerFormat) -> None:
        self._format = form

    def require_free(self, answer: Answer, relative: Path) -> None:
        """There is room for all on stdout."""

    def take(self, answer: Answer, relative: Path) -> None:
        """Print it. Raises BrokenPipeError when nobody listens any more, OutputError otherwise."""
        print_bytes(self._bytes(answer))

    def _bytes(self, answer: Answer) -> bytes:
        if self._format is AnswerFormat.JSON:
            return _json(answer, None)
        from recto.cli.extract_table import answer_table

        return answer_table(answer).encode("utf-8", "backslashreplace")


class FolderAnswers:
    """Each answer as a file in the folder: of `receipts/a.jpg` it is `receipts/a.jpg.fields.json`."""

    def __init__(self, folder: ReadFolder) -> None:
        self._folder = folder

    def require_free(self, answer: Answer, relative: Path) -> None:
        """Raises OutputError where the file holds the fields of another document."""
        path = self._folder.beside(relative, SUFFIX)
        if path.exists() and not _is_of(path, answer):
            raise OutputError(
                f"{path} is the output of another document of that name",
                where=answer.document,
                hint="resume with the same paths as before, or use another --out",
            )

    def take(self, answer: Answer, relative: Path) -> None:
        """Write the file, or replace what an earlier run extracted, in one step. Raises OutputError."""
        replace_file(self._folder.beside(relative, SUFFIX), _json(answer, 1))


def _is_of(path: Path, answer: Answer) -> bool:
    """Whether the file holds an answer for the same document, under its name or another one."""
    try:
        there = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    if not isinstance(there, dict):
        return False
    return there.get("document") == answer.document or bool(
        answer.sha256 and there.get("sha256") == answer.sha256
    )


def _json(answer: Answer, indent: int | None) -> bytes:
    text = json.dumps(answer.to_json(), ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace") + b"\n"
