"""/v1/session: signing in and out, and who is signed in. Pages of other sites can't."""

from asyncio import to_thread
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from recto.errors import NotAllowed, NotAuthenticated
from recto.serving.people import LONGEST
from recto.serving.routes.asking import WorkspaceHere, person_here, service_of
from recto.serving.routes.described import problems
from recto.serving.sessions import COOKIE, SignedIn, sign_in, sign_out

router = APIRouter(tags=["session"])


class Credentials(BaseModel):
    """Who one is."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=100, examples=["anna"])
    password: str = Field(max_length=LONGEST)


class SessionModel(BaseModel):
    """Somebody who is signed in."""

    name: str
    role: str = Field(description="reader, reviewer or admin")
    businesses: list[str] = Field(description="whose documents he sees; empty: all that aren't closed")
    csrf: str = Field(description="to be sent as X-CSRF-Token with whatever changes something")
    expires_at: str


@router.post("/v1/session", response_model=None, responses={200: {"model": SessionModel}, **problems()})
async def enter(request: Request, who: Credentials, workspace: WorkspaceHere) -> Response:
    """Sign in: the answer sets a cookie (HttpOnly, SameSite=Lax)."""
    check_origin(request)
    attempts = service_of(request).attempts
    async with attempts.room:
        cookie, found = await to_thread(sign_in, workspace, who.name, who.password, attempts)
    answer = JSONResponse(_json(found))
    set_cookie(answer, cookie, request)
    return answer


@router.get("/v1/session", response_model=None, responses={200: {"model": SessionModel}, **problems()})
async def show(who: Annotated[SignedIn | None, Depends(person_here)]) -> JSONResponse:
    """Who is signed in."""
    if who is None:
        raise NotAuthenticated("nobody is signed in")
    return JSONResponse(_json(who))


@router.delete("/v1/session", status_code=204, response_model=None, responses=problems())
async def leave(
    request: Request, workspace: WorkspaceHere, who: Annotated[SignedIn | None, Depends(person_here)]
) -> Response:
    """Sign out."""
    if who is not None:
        await to_thread(sign_out, workspace, request.cookies[COOKIE])
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE)
    return answer


def set_cookie(answer: Response, cookie: str, request: Request) -> None:
    """Have the browser keep a session's cookie; scripts of pages never see it."""
    settings = service_of(request).settings.review
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(settings.session_s),
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies or request.url.scheme == "https",
    )


def check_origin(request: Request) -> None:
    """Raises NotAllowed for a form of another site's page, which has no session yet that it could betray."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise NotAllowed("pages of other sites can't sign anybody in")


def _json(who: SignedIn) -> dict[str, object]:
    return {
        "name": who.person.name,
        "role": who.person.role,
        "businesses": sorted(who.person.businesses),
        "csrf": who.csrf,
        "expires_at": who.expires_at.isoformat(),
    }
