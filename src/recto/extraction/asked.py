"""AskedExtractor: the fields of a document as a language model finds them, each looked for in the Transcript.

The model may say what it likes: only what stands there is among the values. Where it runs (here, in a server)
isn't known here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from recto.documents.transcript import Transcript
from recto.engines.text.writing import Writer
from recto.extraction.answered import answered
from recto.extraction.asking import question_of, text_of
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
        return f"language model {self.writer.label}"

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """The fields that stand on the pages of one document. Raises EngineError."""
        began = time.perf_counter()
        sheet = sheet_of(transcripts)
        where = transcripts[0].document if transcripts else ""
        text = text_of(sheet)
        if not text.strip():
            return assemble(self.schema, [], extractor=self.label, seconds=time.perf_counter() - began)
        (written,) = self.writer.write([question_of(self.schema, text, where)])
        found, problems = answered(self.schema, written, sheet, self.calibration)
        if written.seen < len(text):
            problems.insert(0, f"the model saw the first {written.seen} of {len(text)} characters only")
        seconds = time.perf_counter() - began
        extraction = assemble(self.schema, found, extractor=self.label, seconds=seconds)
        return replace(extraction, problems=(*problems, *extraction.problems))
