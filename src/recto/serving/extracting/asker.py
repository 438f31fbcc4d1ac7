"""Asker: a language model's part in finding fields.

The process that extracts makes the question of schema and text, one that has the model answers it, and the
first one looks for what it said in the text. A model that sees is asked about one page after the other.
"""

import asyncio
import base64
import io
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from PIL import Image as PillowImage

from recto.documents.page import Page
from recto.extraction.fields import ExtractionJson
from recto.serving.extracting.extractor import Extractors
from recto.serving.extracting.models import ModelProcesses
from recto.serving.extracting.protocol import Asked, Means, Order, PictureJson, QuestionJson, WrittenJson
from recto.serving.flow import Opened

Look = Callable[[], AbstractAsyncContextManager[Opened]]
"""Opens the document that was read once more, for a model that sees its pages."""


@dataclass(frozen=True, slots=True)
class Turn:
    """As which tenant it waits for a process, and until when (the event loop's time; None: without end)."""

    tenant: str
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks models, with both kinds of processes."""

    extractors: Extractors
    models: ModelProcesses

    async def fields(self, order: Order, means: Means, turn: Turn, look: Look | None) -> ExtractionJson:
        """The fields that are ordered, by that kind of model: of its Release, if one is in use.

        Raises what `Extractors.reply` and `ModelProcesses.write` raise, and DocumentErrors where pages can't
        be opened again.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        asked: Asked = {"sees": means == "vision", "model": "", "written": None}
        reply = await self.extractors.reply({**order, "asked": asked}, turn.deadline, turn.tenant)
        if (question := reply.get("question")) is not None:
            asked = await self._asked((order, means, turn), question, look)
            reply = await self.extractors.reply({**order, "asked": asked}, turn.deadline, turn.tenant)
        found = reply["extraction"]
        assert found is not None
        return {**found, "seconds": round(clock() - began, 4)}

    async def _asked(
        self, what: tuple[Order, Means, Turn], question: QuestionJson, look: Look | None
    ) -> Asked:
        written: list[WrittenJson] = []
        if not question["pages"]:
            model, said = await self._written(what, question, None)
            return {"sees": False, "model": model, "written": [said]}
        assert look is not None  # the order says `pages` only of documents
        async with look() as opened:
            for number in question["pages"]:
                picture = await asyncio.to_thread(_picture, await opened.page(number))
                model, said = await self._written(what, question, picture)
                written.append(said)
        return {"sees": True, "model": model, "written": written}

    async def _written(
        self, what: tuple[Order, Means, Turn], question: QuestionJson, picture: PictureJson | None
    ) -> tuple[str, WrittenJson]:
        order, means, turn = what
        folder = order["in_use"]["folder"]
        model, said = await self.models.write(
            {"means": means, "folder": folder, "question": question, "picture": picture},
            turn.deadline,
            turn.tenant,
        )
        assert said is not None
        return model, said


def _picture(page: Page) -> PictureJson:
    stream = io.BytesIO()
    PillowImage.fromarray(page.image).save(stream, "PNG", compress_level=1)
    return {
        "name": page.document,
        "number": page.number,
        "png": base64.b64encode(stream.getvalue()).decode("ascii"),
    }
