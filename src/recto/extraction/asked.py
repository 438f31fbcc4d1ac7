"""AskedExtractor: the fields of a document as a language model finds them, each looked for in the Transcript.

The model may say what it likes: only what stands there is among the values. Where it runs (here, in a server)
isn't known here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from recto.documents.transcript import Transcript
from recto.engines.text.writing import Question, Writer, Written
from recto.extraction.answered import answered
from recto.extraction.asking import document_text, question_of, text_of
from recto.extraction.assembly import assemble
from recto.extraction.fields import Extraction
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.extraction.sheet import sheet_of


@dataclass(frozen=True, slots=True, eq=False)
class AskedExtractor:
    """Finds the fields of `schema` by asking `writer`; how sure it is of a value, `calibration` corrects.

    `problems` say where the model saw only a part of the document, or its answer was cut.
    """

    schema: Schema
    writer: Writer
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def label(self) -> str:
        """Who found it."""
        return asked_label(self.writer.label)

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """The fields that stand on the pages of one document. Raises EngineError."""
        began = time.perf_counter()
        question = question_about(self.schema, transcripts)
        written = None if question is None else self.writer.write([question])[0]
        found = asked_fields(self.schema, transcripts, written, self.calibration)
        return replace(found, extractor=self.label, seconds=time.perf_counter() - began)


def asked_label(model: str) -> str:
    """What answers name as their extractor."""
    return f"language model {model}"


def question_about(schema: Schema, transcripts: Sequence[Transcript]) -> Question | None:
    """What is asked about the pages of one document; None where nothing stands on them."""
    text = document_text(transcripts)
    return question_of(schema, text, transcripts[0].document) if text.strip() else None


def asked_fields(
    schema: Schema, transcripts: Sequence[Transcript], written: Written | None, calibration: Calibration
) -> Extraction:
    """What was written about these pages (None: nothing was asked), looked for on them, as their fields.

    Nobody is named as its extractor yet.
    """
    if written is None:
        return assemble(schema, [], extractor="", seconds=0.0)
    sheet = sheet_of(transcripts)
    found, problems = answered(schema, written, sheet, calibration)
    characters = len(text_of(sheet))
    if written.seen < characters:
        problems.insert(0, f"the model saw the first {written.seen} of {characters} characters only")
    extraction = assemble(schema, found, extractor="", seconds=0.0)
    return replace(extraction, problems=(*problems, *extraction.problems))
