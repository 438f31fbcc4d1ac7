"""Where `recto read` writes: a stream on stdout, or a folder that can be resumed."""

import sys
from collections.abc import Collection
from functools import partial
from io import BytesIO

from recto.cli.read_documents import SUFFIXES, write_document
from recto.cli.read_folder import ReadFolder
from recto.cli.read_format import IN_FOLDERS_ONLY, Format
from recto.cli.read_run import Opened, Wanted
from recto.documents.finding import FoundFile
from recto.documents.journal import json_line
from recto.documents.markdown import to_markdown
from recto.documents.opening import open_pages
from recto.documents.replacing import replaced
from recto.documents.transcript import Transcript
from recto.errors import OutputError

_PAGE_BREAK = {"text": "\f\n", "markdown": "\n<!-- page {page} -->\n\n"}
_SUFFIX = {Format.TEXT: ".txt", Format.MARKDOWN: ".md", **SUFFIXES}


def print_bytes(content: bytes) -> None:
    """Write to stdout at once. Raises BrokenPipeError when nobody listens any more, OutputError otherwise."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"can't be written: {error.strerror}", where="standard output") from None


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
        print_bytes(self._bytes(transcript))
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

    def __init__(self, folder: ReadFolder, form: Format, wanted: Wanted, *, overlay: bool = False) -> None:
        self._folder = folder
        self._format = form
        self._wanted = wanted
        self._overlay = overlay

    def finished(self, file: FoundFile, sha256: str) -> Collection[int]:
        """The pages that the folder has. Raises OutputError as `ReadFolder.finished` does."""
        return self._folder.finished(file, sha256, _SUFFIX.get(self._format, ".page-0001.png"))

    def write(self, transcript: Transcript) -> None:
        """Add the page to the journal; it is on the disk when this returns. Raises OutputError."""
        self._folder.write(transcript)

    def finish(self, opened: Opened) -> None:
        """Derive the document's own files from the journal. Raises OutputError or DocumentError."""
        if self._format in IN_FOLDERS_ONLY:
            transcripts = self._folder.transcripts(opened)
            place = partial(self._folder.beside, opened.file.relative)
            write_document(self._format, transcripts, place, opened, self._wanted)
        elif self._format is not Format.JSON:
            self._write_text(opened)
        if self._overlay:
            self._write_overlays(opened)

    def _write_text(self, opened: Opened) -> None:
        path = self._folder.beside(opened.file.relative, _SUFFIX[self._format])
        with replaced(path) as stream:
            for index, transcript in enumerate(self._folder.transcripts(opened)):
                gap = _PAGE_BREAK[self._format].format(page=transcript.page) if index else ""
                stream.write((gap + _body(transcript, self._format)).encode("utf-8", "backslashreplace"))

    def _write_overlays(self, opened: Opened) -> None:
        """Draw what isn't drawn yet; the pages are decoded once more for it, one at a time."""
        from PIL import Image as PillowImage

        from recto.documents.overlay import draw_overlay

        wanted = self._wanted
        with open_pages(opened.file.path, limits=wanted.limits, dpi=wanted.dpi) as (_, document):
            for transcript in self._folder.transcripts(opened):
                path = self._folder.beside(opened.file.relative, f".page-{transcript.page:04d}.png")
                if path.exists():
                    continue
                image = draw_overlay(document.page(transcript.page).image, transcript.lines)
                png = BytesIO()
                PillowImage.fromarray(image).save(png, "PNG", compress_level=3)
                with replaced(path) as stream:
                    stream.write(png.getbuffer())


def _body(transcript: Transcript, form: Format) -> str:
    text = transcript.text if form is Format.TEXT else to_markdown(transcript)
    return f"{text.rstrip()}\n" if text.strip() else ""
