"""/v1/queue and what reviewers do with a page before they save it: take it, draft it, leave it to others."""

from asyncio import to_thread
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from recto.corrections.doubt import Doubt
from recto.corrections.drafts import draft_of, drop_draft, keep_draft
from recto.corrections.edit import FieldsEdit, TranscriptEdit
from recto.corrections.leases import end_lease, leave_to_others, take_lease
from recto.corrections.place import Place
from recto.corrections.queue import Waiting, queue, take_next
from recto.corrections.readings import keep_other_reading
from recto.serving.document_answers import LeaseModel, lease_json
from recto.serving.problems import MEDIA_TYPE, problem, problem_response
from recto.serving.routes.asking import Corrector, Viewer, WorkspaceHere, sight_of
from recto.serving.routes.corrections import MAX_TEXT, FieldName, FieldsChange, LineChange, TranscriptChange
from recto.serving.routes.described import problems
from recto.serving.routes.documents import DocumentId, PageNumber

router = APIRouter(tags=["review"])

_PAGE = "/v1/documents/{document_id}/pages/{page}"
_TAKEN = {
    "description": "somebody else has it",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

DraftKind = Annotated[Literal["transcript", "fields"], Query(description="what the draft is of")]


def place_of(document_id: DocumentId, page: PageNumber) -> Place:
    """A dependency: the page that the address names."""
    return Place(document_id, page)


PlaceHere = Annotated[Place, Depends(place_of)]


class DoubtModel(BaseModel):
    """Why a look at the page is worth something."""

    words: int
    errors: float = Field(
        description="words that are probably wrong, by confidences that people's corrections calibrate"
    )
    disagreement: float = Field(description="0 to 1: how much another engine reads otherwise")
    missing: list[str] = Field(description="required fields that weren't found")


class WaitingModel(BaseModel):
    """A page that waits."""

    id: str
    page: int
    name: str
    category: str
    business: str | None
    stream: str = Field(description="value, or random: drawn whatever it is worth")
    value: float
    doubt: DoubtModel | None = Field(description="null: nothing has read it yet")
    lease: LeaseModel | None
    unsure: list[str] = Field(description="who left it to others")


class QueueModel(BaseModel):
    """The pages that wait, in the order in which they are handed out; `waiting` counts all of them."""

    waiting: int
    pages: list[WaitingModel]


class DraftModel(BaseModel):
    """What somebody has begun."""

    kind: str
    content: dict[str, JsonValue]
    version: str
    at: str


class DraftChange(BaseModel):
    """What somebody has typed so far: `text` or `lines`, or else `fields`; and on top of which version."""

    model_config = ConfigDict(extra="forbid")
    version: str = Field(max_length=64)
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    lines: list[LineChange] | None = Field(default=None, max_length=10_000)
    fields: dict[FieldName, JsonValue] | None = Field(default=None, max_length=1000)

    @model_validator(mode="after")
    def _one_of_both(self) -> "DraftChange":
        if (self.fields is None) == (self.text is None and self.lines is None):
            raise ValueError("give text or lines, or else fields")
        return self

    @property
    def edit(self) -> TranscriptEdit | FieldsEdit:
        """What is to be kept."""
        if self.fields is not None:
            return FieldsChange(fields=self.fields).edit
        return TranscriptChange(text=self.text, lines=self.lines).edit


class OtherReading(BaseModel):
    """What another engine reads on the page."""

    model_config = ConfigDict(extra="forbid")
    engine: str = Field(min_length=1, max_length=200, examples=["tesseract 5.5"])
    text: str = Field(max_length=MAX_TEXT)


@router.get("/v1/queue", response_model=None, responses={200: {"model": QueueModel}, **problems()})
async def show(
    request: Request,
    caller: Viewer,
    workspace: WorkspaceHere,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> JSONResponse:
    """The pages that wait for a person: those first where a look is worth most, a share of them at random."""
    waiting = await to_thread(queue, workspace, sight_of(request, caller))
    return JSONResponse({"waiting": len(waiting), "pages": [_json(entry) for entry in waiting[:limit]]})


@router.post(
    "/v1/queue/next",
    response_model=None,
    responses={
        200: {"model": WaitingModel, "description": "it is yours for `review.lease_s`"},
        204: {"description": "nothing waits for you"},
        **problems(),
    },
)
async def take(request: Request, caller: Corrector, workspace: WorkspaceHere) -> Response:
    """The page whose turn it is, left to you; the one that you have already, if you have one."""
    entry = await to_thread(take_next, workspace, caller.author, sight_of(request, caller))
    return Response(status_code=204) if entry is None else JSONResponse(_json(entry))


@router.put(
    f"{_PAGE}/lease",
    response_model=None,
    responses={200: {"model": LeaseModel}, 409: _TAKEN, **problems(404)},
)
async def lease(request: Request, place: PlaceHere, caller: Corrector, workspace: WorkspaceHere) -> Response:
    """Have a page left to you, or for longer."""
    held = await to_thread(take_lease, workspace, place, caller.author, sight_of(request, caller))
    if held.author == caller.author:
        return JSONResponse(lease_json(held))
    told = problem(409, f"{held.author} works on this page", kind="Leased")
    return problem_response(request, told, None, {"lease": lease_json(held)})


@router.delete(f"{_PAGE}/lease", status_code=204, response_model=None, responses=problems(404))
async def end(request: Request, place: PlaceHere, caller: Corrector, workspace: WorkspaceHere) -> Response:
    """Leave the page to others again."""
    await to_thread(end_lease, workspace, place, caller.author, sight_of(request, caller))
    return Response(status_code=204)


@router.post(f"{_PAGE}/unsure", status_code=204, response_model=None, responses=problems(404))
async def unsure(request: Request, place: PlaceHere, caller: Corrector, workspace: WorkspaceHere) -> Response:
    """You aren't sure: the queue gives the page to others, and not to you again."""
    await to_thread(leave_to_others, workspace, place, caller.author, sight_of(request, caller))
    return Response(status_code=204)


@router.get(
    f"{_PAGE}/draft",
    response_model=None,
    responses={200: {"model": DraftModel}, 204: {"description": "nothing is begun"}, **problems(404)},
)
async def show_draft(
    request: Request,
    place: PlaceHere,
    caller: Corrector,
    workspace: WorkspaceHere,
    kind: DraftKind = "transcript",
) -> Response:
    """What you have begun on this page and not saved."""
    draft = await to_thread(draft_of, workspace, place, kind, caller.author, sight_of(request, caller))
    if draft is None:
        return Response(status_code=204)
    told = {"kind": draft.kind, "content": draft.content, "version": draft.version}
    return JSONResponse({**told, "at": draft.at.isoformat()})


@router.put(f"{_PAGE}/draft", status_code=204, response_model=None, responses=problems(404))
async def put_draft(
    request: Request, place: PlaceHere, change: DraftChange, caller: Corrector, workspace: WorkspaceHere
) -> Response:
    """Keep what you have so far; nobody else sees it, and saving ends it."""
    sight = sight_of(request, caller)
    await to_thread(keep_draft, workspace, place, change.edit, change.version, caller.author, sight)
    return Response(status_code=204)


@router.delete(f"{_PAGE}/draft", status_code=204, response_model=None, responses=problems(404))
async def delete_draft(
    request: Request,
    place: PlaceHere,
    caller: Corrector,
    workspace: WorkspaceHere,
    kind: DraftKind = "transcript",
) -> Response:
    """Forget what you have begun."""
    await to_thread(drop_draft, workspace, place, kind, caller.author, sight_of(request, caller))
    return Response(status_code=204)


@router.post(f"{_PAGE}/readings", status_code=204, response_model=None, responses=problems(404))
async def other_reading(
    request: Request, place: PlaceHere, reading: OtherReading, caller: Corrector, workspace: WorkspaceHere
) -> Response:
    """Tell what another engine reads on the page: where it disagrees, the page moves up in the queue."""
    sight = sight_of(request, caller)
    await to_thread(keep_other_reading, workspace, place, reading.engine, reading.text, sight)
    return Response(status_code=204)


def _json(entry: Waiting) -> dict[str, object]:
    return {
        "id": entry.place.sha256,
        "page": entry.place.page,
        "name": entry.name,
        "category": entry.category,
        "business": entry.business,
        "stream": entry.stream,
        "value": round(entry.value, 3),
        "doubt": None if entry.doubt is None else _doubt_json(entry.doubt),
        "lease": None if entry.lease is None else lease_json(entry.lease),
        "unsure": list(entry.unsure),
    }


def _doubt_json(doubt: Doubt) -> dict[str, object]:
    told = doubt.to_json()
    return {name: told[name] for name in DoubtModel.model_fields}
