"""/v1/documents/…: what people change: transcript, fields, undo, consent; and what was changed, and by whom.

A save names the version that its author saw (If-Match, or `version` in the body), and may carry an
Idempotency-Key. A stale one is a 409 that holds both sides.
"""

from asyncio import to_thread
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import document
from recto.corrections.edit import Conflict, FieldsEdit, Stamp, TranscriptEdit
from recto.corrections.place import Place, Sight
from recto.corrections.store import Outcome, corrections, save_fields, save_transcript, undo
from recto.datasets.row import BoxValues, Point
from recto.documents.transcript import Line
from recto.errors import VersionNeeded
from recto.serving.document_answers import (
    ConflictModel,
    ConsentedModel,
    ConsentModel,
    CorrectionsModel,
    SavedModel,
    SeenByModel,
    conflict_problem,
    correction_json,
    saved_json,
    seen_json,
)
from recto.serving.keys import Caller
from recto.serving.problems import MEDIA_TYPE, problem_response
from recto.serving.routes.asking import Corrector, Viewer, WorkspaceHere, sight_of
from recto.serving.routes.described import problems, whole_schema
from recto.serving.routes.documents import DocumentId
from recto.workspace.folder import Workspace
from recto.workspace.provenance import releases_that_saw

router = APIRouter(tags=["corrections"])

MAX_TEXT = 1_000_000
MAX_LINES = 10_000

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": SavedModel, "description": "it is on the disk"},
    409: {
        "description": "somebody else was quicker; both sides",
        "content": {MEDIA_TYPE: {"schema": whole_schema(ConflictModel)}},
    },
    **problems(404, 428),
}


FieldName = Annotated[str, Field(min_length=1, max_length=200)]


class _Change(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: str | None = Field(
        default=None, max_length=64, description="that you saw; the header If-Match says the same"
    )


class LineChange(BaseModel):
    """One line as it should be."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(max_length=10_000)
    box: BoxValues = Field(description="x0, y0, x1, y1 in pixels of the page's image")
    polygon: Annotated[list[Point], Field(min_length=3, max_length=100)] | None = None


class TranscriptChange(_Change):
    """What a page says: its lines, or only its text."""

    page: int = Field(default=1, ge=1, le=1_000_000)
    text: str | None = Field(default=None, max_length=MAX_TEXT, description="rows in reading order")
    lines: list[LineChange] | None = Field(
        default=None, max_length=MAX_LINES, description="make the text by themselves"
    )

    @property
    def edit(self) -> TranscriptEdit:
        """What is to be saved."""
        if self.lines is None:
            return TranscriptEdit(self.text)
        return TranscriptEdit(self.text, tuple(map(_line, self.lines)))


class FieldsChange(_Change):
    """Fields that are now so; null takes one away, others stay."""

    fields: dict[FieldName, JsonValue] = Field(max_length=1000)

    @property
    def edit(self) -> FieldsEdit:
        """What is to be saved."""
        return FieldsEdit(self.fields)


class UndoWish(_Change):
    """Whose last correction is taken back."""

    kind: Literal["transcript", "fields"] = "transcript"
    page: int = Field(default=1, ge=1, le=1_000_000)


class Conditions(BaseModel):
    """The headers of a save."""

    if_match: str | None = Field(default=None, max_length=100, description="the version that you saw")
    idempotency_key: str | None = Field(
        default=None, min_length=1, max_length=100, description="the same again saves nothing twice"
    )

    def stamp(self, caller: Caller, version: str | None) -> Stamp:
        """Who saves on top of what. Raises VersionNeeded where neither header nor body says it."""
        named = (self.if_match or "").removeprefix("W/").strip('"') or version
        if not named:
            raise VersionNeeded(
                "say which version you saw, in If-Match or as `version`", hint="GET the document first"
            )
        return Stamp(caller.author, named, self.idempotency_key)


Saving = Annotated[Conditions, Header()]


@router.patch("/v1/documents/{document_id}/transcript", response_model=None, responses=_ANSWERS)
async def transcript(
    request: Request,
    document_id: DocumentId,
    change: TranscriptChange,
    saving: Saving,
    caller: Corrector,
    workspace: WorkspaceHere,
) -> Response:
    """Correct what a page says, or accept it as it is: it is trusted from then on, and learnt from."""
    stamp, sight = saving.stamp(caller, change.version), sight_of(request, caller)
    place = Place(document_id, change.page)
    outcome = await to_thread(save_transcript, workspace, place, change.edit, stamp, sight)
    return await _answer(request, workspace, document_id, outcome, caller)


@router.patch("/v1/documents/{document_id}/fields", response_model=None, responses=_ANSWERS)
async def fields(
    request: Request,
    document_id: DocumentId,
    change: FieldsChange,
    saving: Saving,
    caller: Corrector,
    workspace: WorkspaceHere,
) -> Response:
    """Correct fields of a document. Its `fields_version` is the version."""
    stamp, sight = saving.stamp(caller, change.version), sight_of(request, caller)
    outcome = await to_thread(save_fields, workspace, document_id, change.edit, stamp, sight)
    return await _answer(request, workspace, document_id, outcome, caller)


@router.post("/v1/documents/{document_id}/undo", response_model=None, responses=_ANSWERS)
async def take_back(
    request: Request,
    document_id: DocumentId,
    wish: UndoWish,
    saving: Saving,
    caller: Corrector,
    workspace: WorkspaceHere,
) -> Response:
    """Take back the last correction that still stands, of a page's transcript or of the fields."""
    stamp, sight = saving.stamp(caller, wish.version), sight_of(request, caller)
    place = Place(document_id, wish.page)
    outcome = await to_thread(undo, workspace, place, wish.kind, stamp, sight)
    return await _answer(request, workspace, document_id, outcome, caller)


@router.get(
    "/v1/documents/{document_id}/corrections",
    response_model=None,
    responses={200: {"model": CorrectionsModel}, **problems(404)},
)
async def history(
    request: Request, document_id: DocumentId, caller: Viewer, workspace: WorkspaceHere
) -> JSONResponse:
    """Everything that was ever changed of a document: who, when, what it was before."""
    sight = sight_of(request, caller)
    await to_thread(document, workspace, document_id, sight)  # may he see it?
    found = await to_thread(_corrections, workspace, document_id, sight)
    return JSONResponse({"corrections": found})


@router.get(
    "/v1/documents/{document_id}/releases",
    response_model=None,
    responses={200: {"model": SeenByModel}, **problems(404)},
)
async def seen_by(
    request: Request, document_id: DocumentId, caller: Viewer, workspace: WorkspaceHere
) -> JSONResponse:
    """Which Releases saw the document: learnt from it, or were measured on it."""
    await to_thread(document, workspace, document_id, sight_of(request, caller))
    return JSONResponse({"releases": await to_thread(_seen, workspace, document_id)})


@router.put(
    "/v1/documents/{document_id}/consent",
    response_model=None,
    responses={200: {"model": ConsentedModel}, **problems(404)},
)
async def consent(
    request: Request, document_id: DocumentId, wish: ConsentModel, caller: Corrector, workspace: WorkspaceHere
) -> JSONResponse:
    """Say whether the document may be kept and learnt from; the answer names the Releases that saw it."""
    wanted, sight = Consent(wish.store, wish.train), sight_of(request, caller)
    done = await to_thread(set_consent, workspace, document_id, wanted, caller.author, sight)
    return JSONResponse({"consent": done.consent.to_json(), "releases": seen_json(done.seen)})


async def _answer(
    request: Request, workspace: Workspace, document_id: str, outcome: Outcome, caller: Caller
) -> Response:
    if isinstance(outcome, Conflict):
        told, sides = conflict_problem(outcome)
        return problem_response(request, told, {"ETag": f'"{outcome.version}"'}, sides)
    shown = await to_thread(document, workspace, document_id, sight_of(request, caller))
    return JSONResponse(saved_json(outcome, shown), headers={"ETag": f'"{outcome.version}"'})


def _corrections(workspace: Workspace, sha256: str, sight: Sight) -> list[dict[str, object]]:
    return [correction_json(one) for one in corrections(workspace, sha256=sha256, sight=sight)]


def _seen(workspace: Workspace, sha256: str) -> list[dict[str, object]]:
    with workspace.read() as session:
        return seen_json(releases_that_saw(session, sha256))


def _line(change: LineChange) -> Line:
    x0, y0, x1, y1 = change.box
    polygon = None if change.polygon is None else tuple((x, y) for x, y in change.polygon)
    return Line(change.text, (x0, y0, x1, y1), None, polygon)
