"""A document's own files in other programs' formats, derived from its transcripts: ALTO, PAGE, hOCR, PDF."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from recto.cli.read_format import Format
from recto.cli.read_run import Opened, Wanted
from recto.documents.opening import open_pages
from recto.documents.page import Image
from recto.documents.replacing import replace_file, replaced
from recto.documents.transcript import Transcript

SUFFIXES = {
    Format.ALTO: ".alto.xml",
    Format.PAGE: ".page-0001.xml",
    Format.HOCR: ".hocr",
    Format.PDF: ".searchable.pdf",
}
"""What is put behind a document's name; PAGE XML has a file per page."""

Places = Callable[[str], Path]
"""Where the file with a suffix belongs."""


def write_document(
    form: Format, transcripts: Iterable[Transcript], place: Places, opened: Opened, wanted: Wanted
) -> None:
    """Write the files. Raises OutputError, and for a PDF DocumentErrors: the pages are opened again."""
    from recto.documents.formats import alto, hocr, page_xml
    from recto.documents.formats.searchable_pdf import searchable_pdf

    suffix = SUFFIXES[form]
    if form is Format.PAGE:
        for transcript in transcripts:
            replace_file(place(f".page-{transcript.page:04d}.xml"), page_xml.write(transcript))
    elif form is Format.PDF:
        with replaced(place(suffix)) as stream:
            searchable_pdf(_with_images(transcripts, opened, wanted), stream)
    else:
        write = alto.write if form is Format.ALTO else hocr.write
        replace_file(place(suffix), write(list(transcripts)))


def _with_images(
    transcripts: Iterable[Transcript], opened: Opened, wanted: Wanted
) -> Iterator[tuple[Image, Transcript]]:
    """The pages, decoded once more, one at a time."""
    with open_pages(opened.file.path, limits=wanted.limits, dpi=wanted.dpi) as (_, document):
        for transcript in transcripts:
            yield document.page(transcript.page).image, transcript
