"""Chosen: an extractor that nobody named, and why it is this one: its answers say so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recto.documents.transcript import Transcript
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction
from recto.extraction.schema import Schema


@dataclass(frozen=True, slots=True, eq=False)
class ChosenExtractor:
    """`extractor`, chosen because of `why`."""

    extractor: Extractor
    why: str

    @property
    def label(self) -> str:
        """Who extracts, and why."""
        return f"{self.extractor.label} (auto: {self.why})"

    @property
    def schema(self) -> Schema:
        """What it looks for."""
        return self.extractor.schema

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """What that extractor finds."""
        return replace(self.extractor.extract(transcripts), extractor=self.label)
