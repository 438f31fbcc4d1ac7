"""What `recto extract` does with pages as they are read: it gathers those of a document for its fields."""

from collections.abc import Collection

from recto.cli.extract_answers import SUFFIX, Answers, Extracting
from recto.cli.read_folder import ReadFolder
from recto.cli.read_run import Opened
from recto.documents.finding import FoundFile
from recto.documents.transcript import Transcript


class StreamExtraction:
    """An Output that remembers the pages of one document, until it is whole."""

    def __init__(self, extracting: Extracting, answers: Answers) -> None:
        self._extracting, self._answers = extracting, answers
        self._pages: list[Transcript] = []

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """Nothing: a stream has no memory."""
        return ()

    def write(self, transcript: Transcript) -> None:
        """Remember the page; those of a document that failed before it are forgotten."""
        if self._pages and self._pages[0].document != transcript.document:
            self._pages = []
        self._pages.append(transcript)

    def finish(self, opened: Opened) -> None:
        """Extract the fields. Raises DocumentTooLarge, OutputError, BrokenPipeError."""
        pages, self._pages = self._pages, []
        if opened.pages:
            self._answers.take(self._extracting.of(pages), opened.file.relative)


class FolderExtraction:
    """An Output whose pages are kept in the journal of a folder, so that a later run needn't read them again.

    Fields are extracted anew by every run, from all pages of a document that were chosen: that takes
    milliseconds, and no file of an earlier schema or extractor is left among the others.
    """

    def __init__(self, folder: ReadFolder, extracting: Extracting, answers: Answers) -> None:
        self._folder, self._extracting, self._answers = folder, extracting, answers

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """The pages that the folder has. Raises OutputError as `ReadFolder.finished` does."""
        return self._folder.finished(file, sha256, SUFFIX)

    def write(self, transcript: Transcript) -> None:
        """Add the page to the journal; it is on the disk when this returns. Raises OutputError."""
        self._folder.write(transcript)

    def finish(self, opened: Opened) -> None:
        """Extract the fields from the journal's pages. Raises DocumentTooLarge, OutputError."""
        chosen = set(opened.pages)
        pages = [page for page in self._folder.transcripts(opened) if page.page in chosen]
        if pages:
            self._answers.take(self._extracting.of(pages), opened.file.relative)
