"""The pages of the work itself: the queue, one page of a document, uploads."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Annotated, cast

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from recto.corrections.documents import ReviewDocument, document
from recto.corrections.drafts import Draft, draft_of
from recto.corrections.leases import take_lease
from recto.corrections.place import Place, Sight
from recto.corrections.queue import queue, take_next
from recto.errors import DocumentUnknown
from recto.serving.document_answers import document_json
from recto.serving.review.field_form import field_rows
from recto.serving.review.page_view import line_rows, page_data
from recto.serving.review.rendering import go_to, rendered
from recto.serving.review.visitor import Visitor, VisitorHere, require
from recto.serving.routes.asking import WorkspaceHere, sight_of
from recto.serving.routes.documents import DocumentId
from recto.workspace.folder import Workspace

router = APIRouter(include_in_schema=False)

SHOWN = 100
"""So many waiting pages are listed."""


@router.get("/review")
async def waiting(request: Request, visitor: VisitorHere, workspace: WorkspaceHere) -> Response:
    """What waits, in the order in which it is handed out."""
    entries = await to_thread(queue, workspace, sight_of(request, visitor.caller))
    context = {"waiting": len(entries), "pages": entries[:SHOWN]}
    return rendered("queue.html", visitor, context, here="/review")


@router.post("/review/next")
async def next_page(request: Request, visitor: VisitorHere, workspace: WorkspaceHere) -> Response:
    """The page whose turn it is, for this visitor alone."""
    require(visitor, "correct")
    entry = await to_thread(take_next, workspace, visitor.author, sight_of(request, visitor.caller))
    if entry is None:
        return go_to("/review")
    return go_to(f"/review/documents/{entry.place.sha256}?page={entry.place.page}")


@router.get("/review/upload")
async def upload(visitor: VisitorHere) -> Response:
    """The form; its script sends each file to the API."""
    return rendered("upload.html", visitor, {}, here="/review/upload")


@router.get("/review/documents/{document_id}")
async def one(
    request: Request,
    document_id: DocumentId,
    visitor: VisitorHere,
    workspace: WorkspaceHere,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Response:
    """One page of a document: its image, its lines, its fields. Whoever may correct it has it left to him."""
    sight = sight_of(request, visitor.caller)
    place = Place(document_id, page)
    try:
        found, draft = await to_thread(_opened, workspace, place, visitor, sight)
    except DocumentUnknown as error:
        context = {"heading": "There is no such page", "words": error.what}
        return rendered("problem.html", visitor, context, status=404)
    return rendered("document.html", visitor, _context(found, place, visitor, draft))


def _opened(
    workspace: Workspace, place: Place, visitor: Visitor, sight: Sight
) -> tuple[ReviewDocument, Draft | None]:
    """Raises DocumentUnknown."""
    draft = draft_of(workspace, place, "transcript", visitor.author, sight)
    found = document(workspace, place.sha256, sight)
    state = next(page.content.state for page in found.pages if page.place == place)
    if visitor.corrects and state == "queued":
        take_lease(workspace, place, visitor.author, sight)
        found = document(workspace, place.sha256, sight)
    return found, draft


def _context(
    found: ReviewDocument, place: Place, visitor: Visitor, draft: Draft | None
) -> Mapping[str, object]:
    told = document_json(found)
    pages = cast(list[dict[str, object]], told["pages"])
    numbers = [page.place.page for page in found.pages]
    at = numbers.index(place.page)
    return {
        "document": told,
        "page": pages[at],
        "rows": line_rows(found.pages[at]),
        "fields": field_rows(found),
        "data": page_data(found, found.pages[at], visitor, draft),
        "previous": numbers[at - 1] if at else None,
        "following": numbers[at + 1] if at + 1 < len(numbers) else None,
    }
