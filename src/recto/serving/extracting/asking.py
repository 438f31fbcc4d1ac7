"""Asking for fields: of a text, or of a document, which is read first. For routes and tools alike."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from recto.documents.transcript import Transcript
from recto.extraction.fields import ExtractionJson
from recto.serving.answers import ReadAnswer
from recto.serving.extracting.protocol import NO_TAGGER, Order
from recto.serving.flow import is_our_fault
from recto.serving.service import Asking, Service, Upload

Wanted = Annotated[str, Field(max_length=200)] | dict[str, JsonValue]
"""A schema's name, or a JSON Schema."""


async def fields_of_text(service: Service, asking: Asking, wanted: Wanted, text: str) -> ExtractionJson:
    """The fields of a text that was read already. Raises what `Extractors.extract` raises."""
    return await _found(service, asking, await _order(service, wanted, text=text))


async def fields_of_pages(
    service: Service, asking: Asking, wanted: Wanted, pages: Sequence[Transcript]
) -> ExtractionJson:
    """The fields of pages that were read already. Raises what `Extractors.extract` raises."""
    return await _found(service, asking, await _order(service, wanted, pages=pages))


async def fields_of_document(
    service: Service, asking: Asking, wanted: Wanted, upload: Upload
) -> tuple[ReadAnswer, ExtractionJson]:
    """What was read, for a request that was `accepted`, and the fields of it.

    The schema is tried first: nobody's pages are read, and counted, for one that is refused. Pages whose
    fields came too late don't count, either. Raises what `Service.read` and `Extractors.extract` raise.
    """
    await fields_of_pages(service, asking, wanted, ())
    answer = await service.read(upload, asking)
    pages = [page for page in answer.pages if isinstance(page, Transcript)]
    counted = sum(not is_our_fault(page) for page in answer.pages)
    with service.given_back_if_late(asking, counted):
        return answer, await fields_of_pages(service, asking, wanted, pages)


async def _found(service: Service, asking: Asking, order: Order) -> ExtractionJson:
    with service.metrics.stage("extract"):
        return await service.extractors.extract(order, asking.deadline, asking.caller.tenant)


async def _order(
    service: Service, wanted: Wanted, *, text: str | None = None, pages: Sequence[Transcript] = ()
) -> Order:
    return {
        "schema": wanted,
        "text": text,
        "pages": [page.to_json() for page in pages],
        "max_lines": service.settings.extraction.max_lines,
        "tagger": await service.taggers.in_use(wanted) if isinstance(wanted, str) else NO_TAGGER,
    }
