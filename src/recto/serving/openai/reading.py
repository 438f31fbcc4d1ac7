"""The documents of a chat completion: fetched and read one after the other, each becoming a Piece."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from recto.documents.transcript import Finish
from recto.engines.reading import PageFailure
from recto.serving.answers import ReadAnswer
from recto.serving.fetching import fetch_image
from recto.serving.openai.answering import Piece, Provenance
from recto.serving.openai.model_names import names_of, unknown, wanted
from recto.serving.service import Asking, Service, Upload

_NAME = "upload"


@dataclass(frozen=True, slots=True)
class ChatReading:
    """What is read for one request: the documents at `urls`, by the model called `model`."""

    service: Service
    asking: Asking
    model: str
    urls: Sequence[str]

    async def pieces(self) -> AsyncIterator[Piece]:
        """Each document's text, in order. Raises what reading raises, and where the model isn't served."""
        if self.model not in names_of(self.service.models.listing()):
            raise unknown(self.model)
        for url in self.urls:
            data = await fetch_image(url, self.service.settings.uploads)
            answer = await self.service.read(Upload(data, _NAME), self.asking)
            self._check_release(answer)
            yield piece_of(answer)

    def _check_release(self, answer: ReadAnswer) -> None:
        """Another Release may have been promoted between the look at the names and the reading."""
        asked = wanted(self.model)
        if asked.release is not None and (answer.model.scope, answer.release) != (asked.scope, asked.release):
            raise unknown(self.model)


def piece_of(answer: ReadAnswer) -> Piece:
    """One document's text. Raises the error of a page that can't be read: its text would just be missing."""
    whole = True
    for page in answer.pages:
        if isinstance(page, PageFailure):
            raise page.error
        whole = whole and page.finish in (Finish.COMPLETE, Finish.BLANK)
    return Piece(
        text=answer.text("markdown" if answer.output == "markdown" else "text"),
        whole=whole,
        provenance=Provenance(
            scope=answer.route.scope,
            release=answer.release,
            engine=answer.model.engine.label,
            why=answer.route.why,
            pages=len(answer.pages),
        ),
    )
