"""The folder of a run that can be resumed: the journal of all pages, and where a document's own files are.

What these files hold is the matter of the outputs that write them.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Self

from recto.cli.read_run import Opened
from recto.documents.finding import FoundFile
from recto.documents.journal import Journal
from recto.documents.transcript import Transcript
from recto.errors import OutputError

JOURNAL = "transcripts.jsonl"


class ReadFolder:
    """A folder with `transcripts.jsonl` for all pages, and files that are derived from it beside it."""

    def __init__(self, folder: Path, *, names: frozenset[str]) -> None:
        """Make the folder and open its journal; `names` are the documents of this run. Raises OutputError."""
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _no_folder(folder, error) from None
        self._journal = Journal(folder / JOURNAL, names=names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._journal.close()

    def require_same(self, engine: str, dpi: float) -> None:
        """Raises OutputError when the pages that are there were read otherwise: they wouldn't compare."""
        others = sorted(self._journal.engines - {engine})
        if others:
            raise OutputError(
                f"its pages were read by {', '.join(others)}, not by {engine}",
                where=self._folder,
                hint="resume with the same engine and model, or use another --out",
            )
        if self._journal.dpis - {dpi}:
            there = ", ".join(f"{value:g}" for value in sorted(self._journal.dpis))
            raise OutputError(
                f"its PDF pages were rendered at {there} dpi, not at {dpi:g}",
                where=self._folder,
                hint="resume with the same --dpi, or use another --out",
            )

    def finished(self, file: FoundFile, sha256: str, suffix: str) -> Collection[int]:
        """The pages in the journal; `suffix` is that of the files that are derived from them.

        Raises OutputError if the document has changed since, or is new here and would get the file name
        that another document has taken.
        """
        pages = self._journal.finished(str(file.path), sha256)
        taken = self.beside(file.relative, suffix)
        if not pages and taken.exists():
            raise OutputError(
                f"{taken} is the output of another document of that name",
                where=file.path,
                hint="resume with the same paths as before, or use another --out",
            )
        return pages

    def write(self, transcript: Transcript) -> None:
        """Add the page to the journal; it is on the disk when this returns. Raises OutputError."""
        self._journal.append(transcript)

    def transcripts(self, opened: Opened) -> Iterator[Transcript]:
        """The finished pages of a document in order, read back one at a time."""
        return self._journal.transcripts(str(opened.file.path), opened.sha256)

    def beside(self, relative: Path, suffix: str) -> Path:
        """The file with `suffix` that belongs to the document of this name in the folder."""
        return self._folder / relative.with_name(relative.name + suffix)


def check_folder(folder: Path, *, resume: bool) -> None:
    """Nothing is mixed silently: without `resume` the folder must be new or empty, with it, one of ours.

    Raises OutputError.
    """
    try:
        names = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise _no_folder(folder, error) from None
    if not names:
        return
    if JOURNAL not in names:
        raise OutputError(
            f"the folder isn't empty, and has no {JOURNAL}", where=folder, hint="use a new folder for --out"
        )
    if not resume:
        raise OutputError(
            "the folder has the transcripts of an earlier run",
            where=folder,
            hint="--resume goes on with it; otherwise use a new folder",
        )


def _no_folder(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"can't be a folder for the results: {error.strerror}", where=folder, hint="choose another --out"
    )
