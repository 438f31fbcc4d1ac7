"""Engine: anything that reads Pages into Transcripts. Which engines exist is in `engines/catalog`."""

from collections.abc import Sequence
from typing import Protocol

from recto.documents.page import Page
from recto.documents.transcript import Transcript


class Engine(Protocol):
    """Reads pages; the one protocol that serving, evaluation and the CLI know.

    `label` is name and version, as every Transcript carries it (`ppocr PP-OCRv6-small`);
    `batch_pages` is how many pages it likes to get at once; 0 says that it gathers batches by itself, as a
    server does, and may be called from several threads at once.
    """

    @property
    def label(self) -> str:
        """Name and version."""
        ...

    @property
    def batch_pages(self) -> int:
        """Pages per call that this engine works best with."""
        ...

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order. A page that can't be read raises an EngineError."""
        ...
