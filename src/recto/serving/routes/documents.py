"""/v1/documents: documents that the workspace keeps: sent in, listed, looked at, their pages as images."""

import asyncio
import io
from asyncio import to_thread
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image as PillowImage
from pydantic import BaseModel, ConfigDict, Field

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import Wanted, document, documents
from recto.corrections.place import Place
from recto.documents.page import Page
from recto.errors import DocumentUnknown
from recto.serving.document_answers import (
    DocumentsModel,
    ReviewDocumentModel,
    document_json,
    listed_json,
)
from recto.serving.envelope import request_id_of
from recto.serving.intake import Filing, take_in
from recto.serving.keys import Caller
from recto.serving.routes.asking import Corrector, Viewer, WorkspaceHere, service_of, sight_of, unless_gone
from recto.serving.routes.described import problems
from recto.serving.routes.forms import RouteFields, body_schema, received
from recto.serving.service import Asking, Service
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace

router = APIRouter(tags=["documents"])

JPEG_QUALITY = 90

DocumentId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="the SHA-256 of its bytes")]
PageNumber = Annotated[int, Path(ge=1, le=1_000_000)]


class ListFilter(BaseModel):
    """Which documents are listed."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["trusted", "queued", "failed", "withdrawn"] | None = Field(
        default=None, description="any of its pages is so"
    )
    category: str | None = Field(default=None, max_length=100)
    business: str | None = Field(default=None, max_length=100)
    after: int = Field(default=0, ge=0, le=1_000_000_000, description="the last one's number that you have")
    limit: int = Field(default=100, ge=1, le=500)


class UploadFields(RouteFields):
    """How the document is filed, and what may be done with it."""

    group: str | None = Field(
        default=None, max_length=100, description="stays on one side of train and test with others of it"
    )
    read: bool = Field(default=True, description="now; else `recto loop` reads it at its next look")
    train: bool = Field(default=True, description="whether models may learn from it")


class TakenModel(ReviewDocumentModel):
    """A document that was sent in, as it stands now."""

    known: bool = Field(description="it was there already: nothing else was done")
    pages_read: int
    pages_failed: int
    fields_problem: str | None = Field(description="why its fields weren't looked for")


@router.post(
    "/v1/documents",
    status_code=201,
    response_model=None,
    responses={
        201: {"model": TakenModel, "description": "kept"},
        200: {"model": TakenModel, "description": "known"},
        **problems(413, 415, 504),
    },
    openapi_extra=body_schema(UploadFields, several=False),
)
async def add(request: Request, caller: Corrector, workspace: WorkspaceHere) -> JSONResponse:
    """Keep a document in the workspace: it is read, and waits in the review queue for a person."""
    service = service_of(request)
    longest = service.settings.serving.request_timeout_s
    with service.accepted(caller):
        async with received(request, UploadFields, max_files=1, timeout_s=longest) as form:
            fields = form.fields
            deadline = asyncio.get_running_loop().time() + longest
            asking = Asking(caller, fields.route, deadline, request_id_of(request.scope))
            service.route(fields.route, caller)
            filing = Filing(fields.category, fields.business, fields.group, now=fields.read)
            work = take_in(service, workspace, form.uploads[0], asking, filing)
            taken = await unless_gone(request, work)
    request.state.pages = taken.pages_read + taken.pages_failed
    sight = sight_of(request, caller)
    if not fields.train:
        await to_thread(set_consent, workspace, taken.sha256, Consent(train=False), caller.author, sight)
    shown = await to_thread(document, workspace, taken.sha256, sight)
    head = {
        "known": taken.fate == "known",
        "pages_read": taken.pages_read,
        "pages_failed": taken.pages_failed,
        "fields_problem": taken.fields_problem,
    }
    status = 200 if taken.fate == "known" else 201
    headers = {"Location": f"/v1/documents/{taken.sha256}"}
    return JSONResponse({**document_json(shown), **head}, status, headers=headers)


@router.get("/v1/documents", response_model=None, responses={200: {"model": DocumentsModel}, **problems()})
async def listing(
    request: Request,
    caller: Viewer,
    workspace: WorkspaceHere,
    wanted: Annotated[ListFilter, Query()],
) -> JSONResponse:
    """The documents of the workspace, oldest first, a few at a time."""
    asked = Wanted(wanted.state, wanted.category, wanted.business, wanted.after, wanted.limit)
    found = await to_thread(documents, workspace, asked, sight_of(request, caller))
    more = len(found) == wanted.limit
    told = [listed_json(one) for one in found]
    return JSONResponse({"documents": told, "next": found[-1].number if more else None})


@router.get(
    "/v1/documents/{document_id}",
    response_model=None,
    responses={200: {"model": ReviewDocumentModel}, **problems(404)},
)
async def show(
    request: Request, document_id: DocumentId, caller: Viewer, workspace: WorkspaceHere
) -> JSONResponse:
    """A document: what each page says and who works on it, its fields, and the versions to save on top of."""
    shown = await to_thread(document, workspace, document_id, sight_of(request, caller))
    return JSONResponse(document_json(shown))


@router.get(
    "/v1/documents/{document_id}/pages/{page}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "the upright page, in whose pixels boxes count"},
        **problems(404, 413, 504),
    },
)
async def image(
    request: Request, document_id: DocumentId, page: PageNumber, caller: Viewer, workspace: WorkspaceHere
) -> Response:
    """A page as an image (JPEG): upright, PDF pages at `uploads.dpi`."""
    shown = await to_thread(document, workspace, document_id, sight_of(request, caller))
    if Place(document_id, page) not in [one.place for one in shown.pages]:
        raise DocumentUnknown(f"the document has no page {page}")
    if not shown.consent.store:
        raise DocumentUnknown("the document was withdrawn: nothing of it is kept")
    opened = await unless_gone(
        request, opened_page(service_of(request), workspace, Place(document_id, page), caller)
    )
    return Response(await to_thread(_jpeg, opened), media_type="image/jpeg")


async def opened_page(service: Service, workspace: Workspace, place: Place, caller: Caller) -> Page:
    """The page, opened in a decoder; the number of a page that was scanned alone is only a label.

    Raises DocumentErrors.
    """
    most = service.settings.uploads.max_job_pages
    blob = blob_path(workspace, place.sha256)
    async with (
        service.batcher.entrance.admit_patiently(caller.tenant),
        service.decoders.open(blob, name=str(place), max_pages=most, tenant=caller.tenant) as opened,
    ):
        return await opened.page(1 if opened.page_count == 1 else place.page)


def _jpeg(page: Page) -> bytes:
    stream = io.BytesIO()
    PillowImage.fromarray(page.image).save(stream, "JPEG", quality=JPEG_QUALITY)
    return stream.getvalue()
