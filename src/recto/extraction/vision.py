"""VisionExtractor: the fields of a document as a vision-language model sees them.

Each page is shown by itself, and what is said of it has to stand in what was read on it: pages are read as
well, by any engine. What pages say together is in `merging`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.text.writing import PageQuestion, PageWriter, Written
from recto.errors import DocumentError
from recto.extraction.answered import answered
from recto.extraction.asking import page_words, shape_of
from recto.extraction.assembly import assemble
from recto.extraction.fields import Extraction, Found
from recto.extraction.merging import merged
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.extraction.sheet import sheet_of
from recto.extraction.texts import ENGINE as PLAIN_TEXT


class PageSource(Protocol):
    """Where the picture of a page that was read comes from."""

    def __call__(self, read: Transcript) -> Page:
        """That page. Raises DocumentErrors where it isn't there any more."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class VisionExtractor:
    """Finds the fields of `schema` by showing pages from `source` to `writer`.

    Pages on which nothing was read aren't shown: no value could be found there again. A few pages are in
    memory at a time. `problems` say of which page an answer was cut, and in what pages differ.
    """

    schema: Schema
    writer: PageWriter
    source: PageSource
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def label(self) -> str:
        """Who found it."""
        return vision_label(self.writer.label)

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """The fields that stand on the pages of one document. Raises EngineError, and DocumentErrors for
        pages that can't be opened again, or never were any.
        """
        began = time.perf_counter()
        shown = [read for read in transcripts if read.lines]
        written = list(self._written(shown))
        extraction = seen_fields(self.schema, list(zip(shown, written, strict=True)), self.calibration)
        return replace(extraction, extractor=self.label, seconds=time.perf_counter() - began)

    def _written(self, shown: Sequence[Transcript]) -> Iterator[Written]:
        words, shape = page_words(self.schema), shape_of(self.schema.fields)
        at_once = self.writer.batch_pages
        for start in range(0, len(shown), at_once):
            some = shown[start : start + at_once]
            yield from self.writer.write_about([PageQuestion(self._page(one), words, shape) for one in some])

    def _page(self, read: Transcript) -> Page:
        if read.engine == PLAIN_TEXT:
            raise DocumentError(
                "this is a text: there is no page to look at", where=read.document, hint="--extractor text"
            )
        return self.source(read)


def vision_label(model: str) -> str:
    """What answers name as their extractor."""
    return f"vision model {model}"


def seen_fields(
    schema: Schema, pages: Sequence[tuple[Transcript, Written]], calibration: Calibration
) -> Extraction:
    """What was written about each page, looked for in what was read there, as the fields of the document.

    Nobody is named as its extractor yet.
    """
    found: list[list[Found]] = []
    problems: list[str] = []
    for read, written in pages:
        values, wrong = answered(schema, written, sheet_of([read]), calibration)
        found.append([replace(one, page=read.page) for one in values])
        problems += [f"page {read.page}: {one}" for one in wrong]
    together, differences = merged(found)
    extraction = assemble(schema, together, extractor="", seconds=0.0)
    return replace(extraction, problems=(*problems, *differences, *extraction.problems))
