"""Asking: what every route needs of its request: the service, who asks and may he, is he still there.

Who asks is found out before the body is looked at.
"""

import asyncio
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from starlette.requests import ClientDisconnect

from recto.corrections.place import Sight
from recto.errors import NotAllowed, RequestRefused, WorkspaceBusy
from recto.serving.keys import LOCAL_CALLER, Caller, Scope, caller_of
from recto.serving.loopback import is_loopback
from recto.serving.service import Service
from recto.serving.sessions import COOKIE, CSRF_HEADER, SignedIn, check_csrf, signed_in
from recto.workspace.folder import Workspace

Answer = TypeVar("Answer")

_bearer = HTTPBearer(auto_error=False, description="a key of `recto keys add`, once there is one")


_OF_PROXIES = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


def service_of(request: Request) -> Service:
    """The service that answers."""
    service: Service = request.app.state.service
    return service


async def person_here(request: Request) -> SignedIn | None:
    """A dependency: who is signed in; None where nobody is, or the request has a key.

    Raises NotAllowed for a change that doesn't carry the session's CSRF token.
    """
    workspace, cookie = service_of(request).workspace, request.cookies.get(COOKIE)
    if workspace is None or cookie is None or "authorization" in request.headers:
        return None
    found = await of_database(service_of(request), partial(signed_in, workspace, cookie))
    if found is not None and request.method not in _HARMLESS:
        check_csrf(request.headers.get(CSRF_HEADER), found)
    return found


def caller_with(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """A dependency: who asks, and that he may do what `scope` is for."""

    async def caller(request: Request, _: Annotated[object, Depends(_bearer)]) -> Caller:
        service = service_of(request)
        found = LOCAL_CALLER
        if person := await person_here(request):
            found = person.person.caller
        elif service.workspace is not None:
            ask = partial(caller_of, service.workspace, request.headers.get("authorization"))
            found = await of_database(service, ask)
        if found is LOCAL_CALLER:
            check_local(request)
        request.state.caller = found
        found.check(scope)
        if service.records is not None:
            service.records.quota.admit(found)
        return found

    return caller


async def of_database(service: Service, ask: Callable[[], Answer]) -> Answer:
    """What the database says. Raises what `ask` raises; WorkspaceBusy where it doesn't answer."""
    try:
        async with asyncio.timeout(service.settings.serving.request_timeout_s):
            return await to_thread(ask)
    except TimeoutError:
        raise WorkspaceBusy("the database doesn't answer", hint="try again later") from None


Reader = Annotated[Caller, Depends(caller_with("read"))]
JobOwner = Annotated[Caller, Depends(caller_with("jobs"))]
ReleaseWatcher = Annotated[Caller, Depends(caller_with("releases"))]
Viewer = Annotated[Caller, Depends(caller_with("documents"))]
Corrector = Annotated[Caller, Depends(caller_with("correct"))]
MetricsWatcher = Annotated[Caller, Depends(caller_with("metrics"))]


def workspace_of(request: Request) -> Workspace:
    """A dependency: the service's workspace. Raises RequestRefused where it has none."""
    workspace = service_of(request).workspace
    if workspace is None:
        raise RequestRefused(
            "this service has no workspace, and keeps no documents", hint="use POST /v1/read"
        )
    return workspace


WorkspaceHere = Annotated[Workspace, Depends(workspace_of)]


def sight_of(request: Request, caller: Caller) -> Sight:
    """Whose documents the caller sees."""
    return caller.sight(service_of(request).settings.review.closed)


async def accepted(request: Request, caller: Reader) -> AsyncIterator[None]:
    """A dependency: room for a request that is answered bit by bit, until the last of it is sent."""
    with service_of(request).accepted(caller):
        yield


Accepted = Annotated[None, Depends(accepted)]


async def unless_gone(request: Request, work: Coroutine[None, None, Answer]) -> Answer:
    """What `work` comes to, unless who asked hangs up: then it is cancelled. The body was read already.

    Raises what `work` raises; ClientDisconnect.
    """
    working, gone = asyncio.create_task(work), asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        gone.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def check_local(request: Request) -> None:
    """Raises NotAllowed: without keys, only who sits at the machine may ask, and no web page in his browser.

    A page elsewhere that is made to point to this machine (DNS rebinding) names its own host; one that sends
    a form here names its origin. A proxy on this machine lets strangers in: it says for whom it asks.
    """
    origin = request.headers.get("origin")
    if (
        not is_loopback(request.url.hostname or "")
        or request.headers.get("host", request.url.netloc) != request.url.netloc  # no host at all
        or (origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}")
        or (request.client is not None and not is_loopback(request.client.host))  # None: a Unix socket
        or any(name in request.headers for name in _OF_PROXIES)
    ):
        raise NotAllowed(
            "without a key only this machine itself may ask, and neither a page of another site nor a proxy",
            hint="make a key with `recto keys add`, and send it",
        )
