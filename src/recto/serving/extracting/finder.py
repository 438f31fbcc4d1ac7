"""Finder: the fields of a text or of pages, by the schema's current tagger, found in processes of their own.

It is for requests and jobs alike; whose pages they are, and who read them, it doesn't know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.documents.transcript import TranscriptJson
from recto.extraction.fields import ExtractionJson
from recto.observability.metrics import Metrics
from recto.serving.extracting.extractor import Extractors
from recto.serving.extracting.protocol import NO_TAGGER
from recto.serving.extracting.taggers import Taggers
from recto.serving.extracting.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Turn:
    """As which tenant it waits for a process, and until when (the event loop's time; None: without end)."""

    tenant: str
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds fields in documents of at most `max_lines` lines. Its methods raise as `Extractors.extract`."""

    extractors: Extractors
    taggers: Taggers
    max_lines: int
    metrics: Metrics

    async def check(self, wanted: Wanted, turn: Turn) -> None:
        """Try the schema on nothing."""
        await self.of_pages(wanted, (), turn)

    async def of_text(self, wanted: Wanted, text: str, turn: Turn) -> ExtractionJson:
        """What stands in a text that was read already."""
        return await self._found(wanted, turn, text=text)

    async def of_pages(self, wanted: Wanted, pages: Sequence[TranscriptJson], turn: Turn) -> ExtractionJson:
        """What stands on the pages of one document."""
        return await self._found(wanted, turn, pages=pages)

    async def _found(
        self, wanted: Wanted, turn: Turn, *, text: str | None = None, pages: Sequence[TranscriptJson] = ()
    ) -> ExtractionJson:
        tagger = await self.taggers.in_use(wanted) if isinstance(wanted, str) else NO_TAGGER
        with self.metrics.stage("extract"):
            return await self.extractors.extract(
                {
                    "schema": wanted,
                    "text": text,
                    "pages": list(pages),
                    "max_lines": self.max_lines,
                    "tagger": tagger,
                },
                turn.deadline,
                turn.tenant,
            )
