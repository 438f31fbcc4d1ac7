"""Finder: the fields of a text or of pages, by the schema's current Release, else by what the settings name.

All is found in processes of their own. It is for requests and jobs alike; whose pages they are, and who read
them, it doesn't know.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.documents.transcript import TranscriptJson
from recto.extraction.asked_folder import ENGINE as TEXT
from recto.extraction.fields import ExtractionJson
from recto.observability.metrics import Metrics
from recto.serving.extracting.asker import Asker, Look, Turn
from recto.serving.extracting.protocol import NOT_IN_USE, InUse, Means, Order
from recto.serving.extracting.releases import FieldReleases
from recto.serving.extracting.wanted import Wanted
from recto.settings.serving import ExtractionSettings

_NO_PAGE = "a text has no page that a model could see"


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds fields as the settings say. Its methods raise as `Asker.fields`."""

    settings: ExtractionSettings
    asker: Asker
    releases: FieldReleases
    metrics: Metrics

    async def check(self, wanted: Wanted, turn: Turn) -> None:
        """Try the schema on nothing; no model is asked."""
        await self.of_pages(wanted, (), turn, None)

    async def of_text(self, wanted: Wanted, text: str, turn: Turn) -> ExtractionJson:
        """What stands in a text that was read already."""
        order = await self._order(wanted)
        return await self._found({**order, "text": text}, turn, None)

    async def of_pages(
        self, wanted: Wanted, pages: Sequence[TranscriptJson], turn: Turn, look: Look | None
    ) -> ExtractionJson:
        """What stands on the pages of one document, which `look` opens again (None: it can't be)."""
        order = await self._order(wanted)
        return await self._found({**order, "pages": list(pages)}, turn, look)

    async def _order(self, wanted: Wanted) -> Order:
        in_use = await self.releases.in_use(wanted) if isinstance(wanted, str) else NOT_IN_USE
        lines = self.settings.max_lines
        return {"schema": wanted, "text": None, "pages": [], "max_lines": lines, "in_use": in_use}

    async def _found(self, order: Order, turn: Turn, look: Look | None) -> ExtractionJson:
        means = self._means(order["in_use"])
        if means == "vision" and order["text"] is not None:
            means, order = None, {**order, "in_use": {**order["in_use"], "why_not": _NO_PAGE}}
        with self.metrics.stage("extract"):
            if means is not None:
                return await self.asker.fields(order, means, turn, look)
            return await self.asker.extractors.extract(order, turn.deadline, turn.tenant)

    def _means(self, in_use: InUse) -> Means | None:
        """Which kind of model finds the fields; None is a tagger. A Release stands above the settings."""
        if in_use["folder"] is not None:
            return "text" if in_use["engine"] == TEXT else None
        return None if self.settings.extractor == "tagger" else self.settings.extractor
