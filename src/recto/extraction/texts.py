"""Texts as documents: plain text becomes Transcripts, so that fields are found in it as on a read page.

Pages are told apart by form feeds, as `recto read --format text` writes them. A text has no places: what is
found in one has no box.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from recto.documents.transcript import Finish, Transcript
from recto.errors import DocumentTooLarge
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction, Found
from recto.extraction.sheet import lines_of_text

ENGINE = "text"
"""What such Transcripts name as their engine: nothing was read."""
PAGE_BREAK = "\f"
LONGEST_LINE = 1_000
"""Characters: longer lines are broken, so that what stands around a value is bounded."""

_ROW_OR_PAGE = re.compile(rf"{PAGE_BREAK}|[^\s{PAGE_BREAK}][^\n{PAGE_BREAK}]*")


def transcripts_of_text(text: str, document: str, *, sha256: str = "") -> tuple[Transcript, ...]:
    """The pages of a text, at least one; width and height count characters and rows."""
    pages = text.split(PAGE_BREAK)
    return tuple(_page(page, document, number, sha256) for number, page in enumerate(pages, start=1))


def extract_text(extractor: Extractor, transcripts: Sequence[Transcript]) -> Extraction:
    """What stands in the pages of a text; its fields have no box."""
    return without_boxes(extractor.extract(transcripts))


def without_boxes(found: Extraction) -> Extraction:
    """The same, for a text: what stands in it has no place."""
    return replace(
        found,
        fields=_placeless(found.fields),
        ungrounded=_placeless(found.ungrounded),
        unfit=_placeless(found.unfit),
    )


def check_lines(transcripts: Iterable[Transcript], max_lines: int, *, where: object = None) -> None:
    """Raises DocumentTooLarge for more lines than fields are looked for in."""
    if sum(len(transcript.lines) for transcript in transcripts) > max_lines:
        raise _too_many(max_lines, where)


def check_rows(text: str, max_lines: int) -> None:
    """The same for a text, before pages are made of it: each row is a line at least, and each page counts."""
    if next(islice(_ROW_OR_PAGE.finditer(text), max_lines, None), None) is not None:
        raise _too_many(max_lines, None)


def _too_many(max_lines: int, where: object) -> DocumentTooLarge:
    return DocumentTooLarge(
        f"it has more than {max_lines:,} lines, in which fields are looked for at most",
        where=where,
        hint="send the pages on which they stand, or raise max_lines",
    )


def _page(text: str, document: str, number: int, sha256: str) -> Transcript:
    lines = lines_of_text("\n".join(part for row in text.splitlines() for part in _broken(row)))
    return Transcript(
        document=document,
        page=number,
        width=int(max((line.box[2] for line in lines), default=1)),
        height=int(max((line.box[3] for line in lines), default=1)),
        text=text,
        lines=lines,
        engine=ENGINE,
        finish=Finish.COMPLETE if lines else Finish.BLANK,
        sha256=sha256,
    )


def _broken(row: str) -> Iterator[str]:
    """The row in parts of at most LONGEST_LINE characters, at a blank where there is one."""
    start = 0
    while len(row) - start > LONGEST_LINE:
        blank = row.rfind(" ", start + 1, start + LONGEST_LINE)
        end = start + LONGEST_LINE if blank < 0 else blank
        yield row[start:end]
        start = end
    yield row[start:]


def _placeless(fields: Sequence[Found]) -> tuple[Found, ...]:
    return tuple(replace(one, box=None) for one in fields)
