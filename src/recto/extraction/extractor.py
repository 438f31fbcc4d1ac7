"""Extractor: anything that finds a Schema's fields in the Transcripts of a document."""

from collections.abc import Sequence
from typing import Protocol

from recto.documents.transcript import Transcript
from recto.extraction.fields import Extraction
from recto.extraction.schema import Schema


class Extractor(Protocol):
    """Finds the fields of its `schema`; `label` says in every answer who did."""

    @property
    def label(self) -> str:
        """What it is, and with what it was trained."""
        ...

    @property
    def schema(self) -> Schema:
        """What it looks for."""
        ...

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """What stands on the pages of one document."""
        ...
