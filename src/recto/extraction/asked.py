"""AskedExtractor: the fields of a document as a language model finds them, each looked for in the Transcript.

The model may say what it likes: only what stands there is among the values. Where it runs (here, in a server)
isn't known here.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from recto.documents.transcript import Finish, Transcript
from recto.engines.text.writing import Writer, Written
from recto.extraction.asking import question_of, text_of
from recto.extraction.assembly import assemble
from recto.extraction.fields import Extraction, Found
from recto.extraction.grounding import Ground
from recto.extraction.leaves import leaves_of
from recto.extraction.naming import spec_of
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.extraction.sheet import Sheet, sheet_of

UNKNOWN = 0.5
"""The confidence of a value where a server doesn't say how sure it was."""


@dataclass(frozen=True, slots=True, eq=False)
class AskedExtractor:
    """Finds the fields of `schema` by asking `writer`.

    A value's confidence is the probability of all its tokens, calibrated, times that of the lines it was
    read from. `problems` say where the model saw only a part of the document, or its answer was cut.
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
        found, problems = self.read(written, sheet, len(text))
        seconds = time.perf_counter() - began
        extraction = assemble(self.schema, found, extractor=self.label, seconds=seconds)
        return replace(extraction, problems=(*problems, *extraction.problems))

    def read(self, written: Written, sheet: Sheet, characters: int) -> tuple[list[Found], tuple[str, ...]]:
        """What an answer says, looked for in the Sheet, and what is wrong with it, in words."""
        answer = leaves_of(written.text)
        ground = Ground(self.schema, sheet)
        found = [ground.found(leaf, self._sure(written, leaf.start, leaf.end)) for leaf in answer.found]
        strange = sorted({leaf.name for leaf in answer.found if spec_of(leaf.name, self.schema) is None})
        problems = []
        if written.seen < characters:
            problems.append(f"the model saw the first {written.seen} of {characters} characters only")
        if written.finish is not Finish.COMPLETE:
            problems.append("the model's answer was cut: values may be missing")
        elif not answer.whole:
            problems.append("the model's answer isn't JSON to its end: values may be missing")
        if strange:
            problems.append(f"the model named what the schema hasn't: {', '.join(strange[:5])}")
        return [one for one in found if one is not None], tuple(problems)

    def _sure(self, written: Written, start: int, end: int) -> float:
        chance = written.chance(start, end)
        return UNKNOWN if chance is None else self.calibration.of(chance, 0.0, known=False)
