"""Asking for fields: of a text, or of a document, which is read first. For routes and tools alike."""

from collections.abc import Sequence

from recto.documents.transcript import Transcript
from recto.extraction.fields import ExtractionJson
from recto.extraction.texts import ENGINE
from recto.serving.answers import route_json
from recto.serving.extracting.answer import FieldsAnswer
from recto.serving.extracting.asker import Look, Turn
from recto.serving.extracting.wanted import Wanted, needed
from recto.serving.flow import is_our_fault
from recto.serving.service import Asking, Service, Upload


async def fields_of_text(
    service: Service, asking: Asking, wanted: Wanted | None, text: str, name: str
) -> FieldsAnswer:
    """The fields of a text that was read already, which the answer calls `name`.

    Raises RequestRefused without a schema, and what `Service.route` and `Finder.of_text` raise.
    """
    route = service.route(asking.route, asking.caller)
    choice = needed(wanted, route.agent)
    found = await service.finder.of_text(choice.schema, text, _turn(asking))
    told = route_json(route, asking.route.agent)
    return FieldsAnswer(asking.request_id, name, told, choice.said_by, found, ENGINE)


async def fields_of_pages(
    service: Service, asking: Asking, wanted: Wanted, pages: Sequence[Transcript], upload: Upload
) -> ExtractionJson:
    """The fields of pages of `upload` that were read already. Raises what `Finder.of_pages` raises."""
    said = [page.to_json() for page in pages]
    return await service.finder.of_pages(wanted, said, _turn(asking), _look(service, asking, upload))


async def fields_of_document(
    service: Service, asking: Asking, wanted: Wanted | None, upload: Upload
) -> FieldsAnswer:
    """The fields of a document, which is read for a request that was `accepted`.

    The schema is tried first: nobody's pages are read, and counted, for one that is refused. Pages whose
    fields came too late don't count, either. Raises RequestRefused without a schema, and what `Service.read`
    and `Finder.of_pages` raise.
    """
    choice = needed(wanted, service.route(asking.route, asking.caller).agent)
    await service.finder.check(choice.schema, _turn(asking))
    answer = await service.read(upload, asking)
    pages = [page for page in answer.pages if isinstance(page, Transcript)]
    counted = sum(not is_our_fault(page) for page in answer.pages)
    with service.given_back_if_late(asking, counted):
        found = await fields_of_pages(service, asking, choice.schema, pages, upload)
    return FieldsAnswer(
        request_id=answer.request_id,
        document=answer.document,
        route=route_json(answer.route, answer.agent),
        schema_from=choice.said_by,
        found=found,
        engine=answer.model.engine.label,
        release=answer.release,
        pages=answer.pages,
    )


def _look(service: Service, asking: Asking, upload: Upload) -> Look:
    most, tenant = service.settings.uploads.max_pages, asking.caller.tenant
    return lambda: service.decoders.open(upload.source, name=upload.name, max_pages=most, tenant=tenant)


def _turn(asking: Asking) -> Turn:
    return Turn(asking.caller.tenant, asking.deadline)
