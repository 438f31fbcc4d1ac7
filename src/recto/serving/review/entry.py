"""Signing in and out of the review pages, and the files that pages load."""

from asyncio import to_thread
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from recto.errors import NotAuthenticated, SignInDelayed
from recto.serving.people import LONGEST
from recto.serving.review.rendering import go_to, rendered, static_file
from recto.serving.review.visitor import SIGN_IN
from recto.serving.routes.asking import WorkspaceHere, person_here, service_of
from recto.serving.routes.session import check_origin, set_cookie
from recto.serving.sessions import COOKIE, SignedIn, sign_in, sign_out

router = APIRouter(include_in_schema=False)

QUEUE = "/review"


@router.get("/review/static/{name}")
async def static(name: str) -> Response:
    """A stylesheet, script or icon."""
    found = await to_thread(static_file, name)
    if found is None:
        raise HTTPException(404)
    return found


@router.get(SIGN_IN)
async def ask(workspace: WorkspaceHere, next: str = QUEUE) -> Response:
    """The form."""
    return rendered("sign_in.html", None, {"problem": "", "name": "", "next": next})


@router.post(SIGN_IN)
async def enter(
    request: Request,
    workspace: WorkspaceHere,
    name: Annotated[str, Form(max_length=100)],
    password: Annotated[str, Form(max_length=LONGEST)],
    next: Annotated[str, Form(max_length=300)] = QUEUE,
) -> Response:
    """The right name and password lead to the page that was asked for; wrong ones back to the form."""
    check_origin(request)
    attempts = service_of(request).attempts
    try:
        async with attempts.room:
            cookie, _ = await to_thread(sign_in, workspace, name, password, attempts)
    except (NotAuthenticated, SignInDelayed) as error:
        words = f"{error.what[:1].upper()}{error.what[1:]}."
        return rendered("sign_in.html", None, {"problem": words, "name": name, "next": next}, status=401)
    answer = RedirectResponse(_own(next), 303)
    set_cookie(answer, cookie, request)
    return answer


@router.post("/review/sign-out")
async def leave(
    request: Request, workspace: WorkspaceHere, person: Annotated[SignedIn | None, Depends(person_here)]
) -> Response:
    """Ends the session."""
    if person is not None:
        await to_thread(sign_out, workspace, request.cookies[COOKIE])
    answer = go_to(SIGN_IN)
    answer.delete_cookie(COOKIE)
    return answer


def _own(address: str) -> str:
    """The address if it is one of these pages, else the queue: nobody is led elsewhere by a link."""
    plain = address.startswith("/review") and "//" not in address and "\\" not in address
    return address if plain and address.isprintable() else QUEUE
