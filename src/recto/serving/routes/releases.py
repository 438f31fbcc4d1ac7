"""GET /v1/releases: which Release reads which scope here and now, and which others there are."""

from asyncio import to_thread

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from recto.registry.standing import Standing, standings
from recto.serving.models import ModelStatus
from recto.serving.routes.asking import ReleaseWatcher, service_of
from recto.serving.routes.described import problems

router = APIRouter(tags=["releases"])


class ReadingModel(BaseModel):
    """What reads a scope in this process."""

    scope: str = Field(examples=["general"])
    release: str | None = Field(description="null: the base model", examples=["3"])
    engine: str
    since: str
    problem: str | None = Field(description="why it isn't the current Release")


class ReleaseModel(BaseModel):
    """One Release of the workspace."""

    release: str = Field(examples=["3"])
    scope: str = Field(description="what it was made for")
    created_at: str
    current_for: list[str]
    error_rate: float | None = Field(description="on the test documents of its time, 0 to 1")
    problem: str | None = Field(description="what is wrong with its files")


class ReleasesModel(BaseModel):
    """What reads, and what could."""

    reading: list[ReadingModel]
    releases: list[ReleaseModel]


@router.get("/v1/releases", response_model=None, responses={200: {"model": ReleasesModel}, **problems()})
async def releases(request: Request, caller: ReleaseWatcher) -> JSONResponse:
    """The Releases; without a workspace there are none, and the base model reads."""
    service = service_of(request)
    known = () if service.workspace is None else await to_thread(standings, service.workspace)
    return JSONResponse(
        {
            "reading": [reading_json(status) for status in service.models.listing()],
            "releases": [_release_json(standing) for standing in known],
        }
    )


def reading_json(status: ModelStatus) -> dict[str, str | None]:
    """What reads a scope, as JSON values."""
    return {
        "scope": status.scope,
        "release": None if status.release is None else str(status.release),
        "engine": status.label,
        "since": status.since.isoformat(),
        "problem": status.problem,
    }


def _release_json(standing: Standing) -> dict[str, object]:
    return {
        "release": str(standing.release.number),
        "scope": standing.release.scope,
        "created_at": standing.release.created_at.isoformat(),
        "current_for": list(standing.current_for),
        "error_rate": standing.release.error_rate,
        "problem": standing.problem,
    }
