"""GET /v1/documents/{id}/export: a document as it stands now, in the formats of other programs."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from recto.corrections.documents import ReviewDocument, ReviewPage, document
from recto.documents.formats import alto, hocr, page_xml
from recto.documents.formats.searchable_pdf import SearchablePdf
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.errors import DocumentUnknown, RequestRefused
from recto.serving.keys import Caller
from recto.serving.routes.asking import Viewer, WorkspaceHere, service_of, sight_of, unless_gone
from recto.serving.routes.described import problems
from recto.serving.routes.documents import DocumentId, opened_page
from recto.serving.service import Service
from recto.workspace.folder import Workspace

router = APIRouter(tags=["documents"])

ExportFormat = Literal["alto", "page", "hocr", "pdf"]
PERSON = "a person"
"""Who says what a corrected page contains, where a format wants the name of an engine."""

_KINDS = {
    "alto": ("application/xml", ".alto.xml"),
    "page": ("application/xml", ".page.xml"),
    "hocr": ("text/html", ".hocr"),
    "pdf": ("application/pdf", ".searchable.pdf"),
}


@router.get(
    "/v1/documents/{document_id}/export",
    response_class=Response,
    responses={
        200: {
            "content": {"application/xml": {}, "text/html": {}, "application/pdf": {}},
            "description": "the file",
        },
        **problems(404, 413, 504),
    },
)
async def export(
    request: Request,
    document_id: DocumentId,
    caller: Viewer,
    workspace: WorkspaceHere,
    format: Annotated[ExportFormat, Query(description="PAGE XML (`page`) holds one page")],
    page: Annotated[int | None, Query(ge=1, le=1_000_000, description="only this one")] = None,
) -> Response:
    """The document as ALTO, PAGE XML, hOCR, or a PDF that can be searched: trusted texts, else read ones."""
    shown = await to_thread(document, workspace, document_id, sight_of(request, caller))
    service = service_of(request)
    wanted = _wanted(shown, 1 if format == "page" and page is None else page)
    most = service.settings.uploads.max_pages
    if len(wanted) > most:
        raise RequestRefused(
            f"the document has more than {most} pages", hint="ask for them one by one, with `page`"
        )
    pages = _pages(service, workspace, shown, wanted, caller)
    data = await unless_gone(request, _written(format, pages))
    kind, suffix = _KINDS[format]
    name = quote(shown.name.rpartition("/")[2] + suffix)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(data, media_type=kind, headers=headers)


def _wanted(shown: ReviewDocument, number: int | None) -> list[ReviewPage]:
    """The pages that could be opened. Raises DocumentUnknown, RequestRefused."""
    if not shown.consent.store:
        raise DocumentUnknown("the document was withdrawn: nothing of it is kept")
    wanted = [one for one in shown.pages if number in (None, one.place.page)]
    if not wanted:
        raise DocumentUnknown(f"the document has no page {number}")
    wanted = [one for one in wanted if one.content.state != "failed"]
    if not wanted:
        raise RequestRefused("no page of it could be opened")
    return wanted


async def _pages(
    service: Service,
    workspace: Workspace,
    shown: ReviewDocument,
    wanted: list[ReviewPage],
    caller: Caller,
) -> AsyncIterator[tuple[Page, Transcript]]:
    """Each page with what it says, opened one at a time."""
    for one in wanted:
        page = await opened_page(service, workspace, one.place, caller)
        yield page, _transcript(shown.name, one, page)


def _transcript(name: str, one: ReviewPage, page: Page) -> Transcript:
    trusted = one.content.state == "trusted"
    return Transcript(
        document=name,
        page=one.place.page,
        width=page.width,
        height=page.height,
        text=one.content.text or "",
        lines=one.content.lines,
        engine=one.reading.engine if one.reading and not trusted else PERSON,
        dpi=page.dpi,
    )


async def _written(form: ExportFormat, pages: AsyncIterator[tuple[Page, Transcript]]) -> bytes:
    if form == "pdf":
        return await _pdf(pages)
    transcripts = [transcript async for _, transcript in pages]
    if form == "page":
        return await to_thread(page_xml.write, transcripts[0])
    return await to_thread(alto.write if form == "alto" else hocr.write, transcripts)


async def _pdf(pages: AsyncIterator[tuple[Page, Transcript]]) -> bytes:
    stream = BytesIO()
    with SearchablePdf() as pdf:
        async for page, transcript in pages:
            await to_thread(pdf.add, page.image, transcript)
        await to_thread(pdf.save, stream)
    return stream.getvalue()
