"""Where `recto read` writes: a stream on stdout, or a folder that can be resumed."""

import sys
from collections.abc import Collection
from io import BytesIO
from pathlib import Path
from typing import Self

from recto.cli.read_format import Format
from recto.cli.read_run import Opened, Wanted
from recto.documents.finding import FoundFile
from recto.documents.journal import Journal, json_line
from recto.documents.markdown import to_markdown
from recto.documents.opening import open_pages
from recto.documents.replacing import replaced
from recto.documents.transcript import Transcript
from recto.errors import OutputError

JOURNAL = "transcripts.jsonl"
_PAGE_BREAK = {"text": "\f\n", "markdown": "\n<!-- page {page} -->\n\n"}
_SUFFIX = {"text": ".txt", "markdown": ".md"}


class StreamOutput:
    """Every page on stdout as soon as it is read: JSON Lines, or text under a line that names the page."""

    def __init__(self, form: Format) -> None:
        self._format = form
        self._pages = 0

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """Nothing: a stream has no memory."""
        return ()

    def write(self, transcript: Transcript) -> None:
        """Print one page. Raises BrokenPipeError when nobody listens any more, OutputError otherwise."""
        try:
            sys.stdout.buffer.write(self._bytes(transcript))
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"can't be written: {error.strerror}", where="standard output") from None
        self._pages += 1

    def finish(self, opened: Opened) -> None:
        """Nothing is left to do."""

    def _bytes(self, transcript: Transcript) -> bytes:
        if self._format is Format.JSON:
            return json_line(transcript)
        name = f"{transcript.document}, page {transcript.page}"
        head = f"==> {name} <==" if self._format is Format.TEXT else f"<!-- {name} -->\n"
        gap = "\n" if self._pages else ""
        body = _body(transcript, self._format)
        return f"{gap}{head}\n{body}".encode("utf-8", errors="backslashreplace")


class FolderOutput:
    """A folder with `transcripts.jsonl` for all pages, and a file per document derived from it.

    `receipts/a.jpg` becomes `receipts/a.jpg.txt` or `.md`, and `a.jpg.page-0001.png` with its boxes.
    """

    def __init__(
        self, folder: Path, form: Format, wanted: Wanted, *, names: frozenset[str], overlay: bool = False
    ) -> None:
        """Make the folder and open its journal. Raises OutputError."""
        self._folder = folder
        self._format = form
        self._wanted = wanted
        self._overlay = overlay
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
                hint="resume with the same --engine and --model, or use another --out",
            )
        if self._journal.dpis - {dpi}:
            there = ", ".join(f"{value:g}" for value in sorted(self._journal.dpis))
            raise OutputError(
                f"its PDF pages were rendered at {there} dpi, not at {dpi:g}",
                where=self._folder,
                hint="resume with the same --dpi, or use another --out",
            )

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """The pages in the journal.

        Raises OutputError if the document has changed since, or is new here and would get the file name
        that another document has taken.
        """
        pages = self._journal.finished(str(file.path), sha256)
        taken = self._beside(file, _SUFFIX.get(self._format, ".page-0001.png"))
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

    def finish(self, opened: Opened) -> None:
        """Derive the document's own files from the journal. Raises OutputError or DocumentError."""
        if self._format is not Format.JSON:
            self._write_document(opened)
        if self._overlay:
            self._write_overlays(opened)

    def _write_document(self, opened: Opened) -> None:
        path = self._beside(opened.file, _SUFFIX[self._format])
        with replaced(path) as stream:
            pages = self._journal.transcripts(str(opened.file.path), opened.sha256)
            for index, transcript in enumerate(pages):
                gap = _PAGE_BREAK[self._format].format(page=transcript.page) if index else ""
                stream.write((gap + _body(transcript, self._format)).encode("utf-8", "backslashreplace"))

    def _write_overlays(self, opened: Opened) -> None:
        """Draw what isn't drawn yet; the pages are decoded once more for it, one at a time."""
        from PIL import Image as PillowImage

        from recto.documents.overlay import draw_overlay

        wanted = self._wanted
        with open_pages(opened.file.path, limits=wanted.limits, dpi=wanted.dpi) as (_, document):
            for transcript in self._journal.transcripts(str(opened.file.path), opened.sha256):
                path = self._beside(opened.file, f".page-{transcript.page:04d}.png")
                if path.exists():
                    continue
                image = draw_overlay(document.page(transcript.page).image, transcript.lines)
                png = BytesIO()
                PillowImage.fromarray(image).save(png, "PNG", compress_level=3)
                with replaced(path) as stream:
                    stream.write(png.getbuffer())

    def _beside(self, file: FoundFile, suffix: str) -> Path:
        relative = file.relative
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


def _body(transcript: Transcript, form: Format) -> str:
    text = transcript.text if form is Format.TEXT else to_markdown(transcript)
    return f"{text.rstrip()}\n" if text.strip() else ""


def _no_folder(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"can't be a folder for the results: {error.strerror}", where=folder, hint="choose another --out"
    )
