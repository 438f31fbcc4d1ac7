"""Reading files: pages → transcripts → outputs, with failures collected on the way."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from recto.cli.page_selection import ALL_PAGES, PageSelection
from recto.documents.finding import FoundFile
from recto.documents.limits import DEFAULT_DPI, DEFAULT_LIMITS, Limits
from recto.documents.opening import open_pages
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import DocumentError, OutputError


@dataclass(frozen=True, slots=True)
class Wanted:
    """How documents are opened and which of their pages are read."""

    pages: PageSelection = ALL_PAGES
    limits: Limits = DEFAULT_LIMITS
    dpi: float = DEFAULT_DPI


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose pages follow; `pages` are those chosen, `pending` those not finished before."""

    file: FoundFile
    sha256: str
    pages: tuple[int, ...]
    pending: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """The pages of a file are over; `opened` is None where it couldn't be opened."""

    file: FoundFile
    opened: Opened | None


class Output(Protocol):
    """Where transcripts go."""

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """The pages of a document that needn't be read again. Raises OutputError if it has changed."""
        ...

    def write(self, transcript: Transcript) -> None:
        """Take one page. Raises OutputError."""
        ...

    def finish(self, opened: Opened) -> None:
        """All chosen pages of a document are written. Raises OutputError or DocumentError."""
        ...


class Progress(Protocol):
    """Told what happens, for a bar on the terminal."""

    def opened(self, opened: Opened) -> None:
        """A document's pages begin."""
        ...

    def page(self) -> None:
        """One page is read."""
        ...

    def closed(self) -> None:
        """A document is over."""
        ...


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    pages: int = 0
    pages_before: int = 0
    documents: int = 0
    failures: list[PageFailure] = field(default_factory=list)

    def __add__(self, other: "Outcome") -> "Outcome":
        """What both runs came to together."""
        return Outcome(
            self.pages + other.pages,
            self.pages_before + other.pages_before,
            self.documents + other.documents,
            [*self.failures, *other.failures],
        )


def read_files(
    engine: Engine, files: Sequence[FoundFile], output: Output, wanted: Wanted, progress: Progress
) -> Outcome:
    """Read all `files` with `engine` into `output`; what fails is listed, and the rest goes on.

    A document with a failed page isn't finished: its good pages are written, nothing derived from them.
    """
    outcome = Outcome()
    failed_before = 0
    for reading in read_pages(engine, _stream(files, output.finished, wanted)):
        match reading:
            case Transcript():
                output.write(reading)
                outcome.pages += 1
                progress.page()
            case PageFailure():
                outcome.failures.append(reading)
                progress.page()
            case Opened():
                outcome.documents += 1
                outcome.pages_before += len(reading.pages) - len(reading.pending)
                progress.opened(reading)
            case Closed(opened=opened):
                if opened and len(outcome.failures) == failed_before:
                    _finish(output, opened, outcome)
                failed_before = len(outcome.failures)
                progress.closed()
    return outcome


def _finish(output: Output, opened: Opened, outcome: Outcome) -> None:
    try:
        output.finish(opened)
    except DocumentError as error:  # an overlay needs the page again, and the file may be gone by now
        outcome.failures.append(PageFailure(str(opened.file.path), None, error))


def _stream(
    files: Sequence[FoundFile], finished: Callable[[FoundFile, str], Collection[int]], wanted: Wanted
) -> Iterator[Page | PageFailure | Opened | Closed]:
    """Pages and failures of all files in order, each file between its Opened and its Closed."""
    for file in files:
        opened = None
        try:
            with open_pages(file.path, limits=wanted.limits, dpi=wanted.dpi) as (source, document):
                done = finished(file, source.sha256)
                pages = tuple(wanted.pages.of(document.page_count))
                pending = tuple(number for number in pages if number not in done)
                opened = Opened(file, source.sha256, pages, pending)
                yield opened
                for number in pending:
                    try:
                        yield document.page(number)
                    except DocumentError as error:
                        yield PageFailure(source.name, number, error)
        except (DocumentError, OutputError) as error:
            yield PageFailure(str(file.path), None, error)
        yield Closed(file, opened)
