"""Problems: what went wrong, as HTTP tells it: RFC 9457, `application/problem+json`, in our own words.

One table says which status each error of ours has. What isn't in it is a 500 that tells a request id and
nothing else: no path, no traceback, no word of a library.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import NotRequired, TypedDict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from recto import errors
from recto.documents.replacing import NO_ROOM
from recto.errors import RectoError
from recto.observability.logs import keep
from recto.serving.envelope import REQUEST_ID, SECURITY_HEADERS, request_id_of
from recto.serving.mistakes import fields_of

MEDIA_TYPE = "application/problem+json"
RETRY_BUSY_S = 1
CLIENT_GONE = 499
"""As nginx counts it: nobody waited for the answer."""

NOT_YOUR_FAULT = "something went wrong that isn't your fault"
MALFORMED = errors.RequestRefused("the request isn't well formed")
"""What counts where a request has another shape; each wrong field is told beside it."""

_FULL = errors.StorageFull("there is no room for this on the service's disk", hint="try again later")
"""What is told of a full disk, whichever of our errors it is."""

log = logging.getLogger(__name__)

STATUS: Mapping[type[RectoError], int] = {
    errors.DocumentError: 422,
    errors.DocumentNotFound: 404,
    errors.UnsupportedDocument: 415,
    errors.DocumentTooLarge: 413,
    errors.EngineError: 422,
    errors.MissingPackage: 500,
    errors.ModelFolderError: 500,
    errors.WorkspaceBusy: 503,
    errors.QueueFull: 429,
    errors.RateLimited: 429,
    errors.SignInDelayed: 429,
    errors.Draining: 503,
    errors.DeadlineExpired: 504,
    errors.ModelUnavailable: 503,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.JobNotFound: 404,
    errors.PageGivenUp: 422,
    errors.StorageFull: 507,
    errors.WorkspaceFull: 507,
    errors.OutputFull: 507,
    errors.RequestRefused: 422,
    errors.RequestConflict: 400,
    errors.CorrectionError: 422,
    errors.DocumentUnknown: 404,
    errors.VersionNeeded: 428,
}
"""Error → status; a kind that isn't named has its parent's."""

_OURS = (errors.DocumentError, errors.ServingError, errors.CorrectionError)
"""Whose words are written for those who ask; the others' are for those who run the service."""

_SAID_OTHERWISE: Mapping[type[RectoError], str] = {
    errors.EngineError: "the model couldn't read this page",
    errors.WorkspaceBusy: "the service's database is busy",
}


class ProblemJson(TypedDict):
    """A problem as JSON values."""

    type: str
    title: str
    status: int
    detail: str
    hint: NotRequired[str]
    request_id: NotRequired[str]
    errors: NotRequired[list[dict[str, str]]]


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:recto:problem:queue-full"], description="which kind, for programs")
    title: str = Field(examples=["Too Many Requests"])
    status: int = Field(examples=[429])
    detail: str = Field(examples=["64 pages are waiting already"], description="what happened, for people")
    hint: str | None = Field(default=None, description="what to do about it")
    request_id: str | None = Field(default=None, description="what the service's log calls this request")
    errors: list[dict[str, str]] | None = Field(default=None, description="each wrong field")


def problem_of(error: RectoError) -> ProblemJson:
    """The error as those may see it who asked: what it is, and the hint."""
    status = status_of(error)
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        error = _FULL
    if isinstance(error, _OURS):
        told = problem(status, error.what, kind=type(error).__name__)
        if error.hint:
            told["hint"] = error.hint
        return told
    said = next((text for kind, text in _SAID_OTHERWISE.items() if isinstance(error, kind)), None)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and said is None:
        return problem(status, NOT_YOUR_FAULT)
    return problem(status, said or "it can't be done", kind=type(error).__name__)


def status_of(error: RectoError) -> int:
    """The status of the error's kind, or of the nearest kind above it; 500 where there is none."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(status: int, detail: str, *, kind: str | None = None) -> ProblemJson:
    """A problem of this status; `kind` is the name of an error, else the status names it."""
    title = HTTPStatus(status).phrase
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", "-", kind or title).lower()
    return {"type": f"urn:recto:problem:{name}", "title": title, "status": status, "detail": detail}


def problem_response(
    request: Request,
    told: ProblemJson,
    headers: Mapping[str, str] | None = None,
    beside: Mapping[str, object] | None = None,
) -> Response:
    """The answer that tells the problem, with the id of its request, and what else stands `beside` it."""
    body = {**told, "request_id": request_id_of(request.scope), **(beside or {})}
    dressed = {**dress_of(request), **(headers or {})}
    return JSONResponse(body, told["status"], headers=dressed, media_type=MEDIA_TYPE)


def dress_of(request: Request) -> dict[str, str]:
    """The headers of every answer, for one that doesn't come through the Envelope."""
    return {**SECURITY_HEADERS, REQUEST_ID: request_id_of(request.scope)}


def tell_problems(app: FastAPI) -> None:
    """Every error that `app` meets becomes a problem."""
    app.add_exception_handler(RectoError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(Exception, _unforeseen)


def headers_of(request: Request, error: RectoError) -> dict[str, str]:
    """When to come again, and how to say who one is."""
    service = request.app.state.service
    match error:
        case errors.QueueFull():
            return {"Retry-After": str(error.retry_after_s or service.batcher.retry_after_s())}
        case errors.SignInDelayed():
            return {"Retry-After": str(error.retry_after_s)}
        case errors.RateLimited():
            return {"Retry-After": str(service.records.quota.retry_after_s(request.state.caller))}
        case errors.WorkspaceBusy() | errors.Draining():
            return {"Retry-After": str(RETRY_BUSY_S)}
        case errors.NotAuthenticated():
            return {"WWW-Authenticate": "Bearer"}
    return {}


def note(request: Request, error: RectoError) -> None:
    """Count the error; one that is no fault of whoever asked is logged as well."""
    if status_of(error) in (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.INSUFFICIENT_STORAGE):
        log.error("a request failed", exc_info=error)
    request.app.state.service.metrics.failed(error)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, RectoError)
    note(request, error)
    return problem_response(request, problem_of(error), headers_of(request, error))


async def _no_room(request: Request, error: Exception) -> Response:
    """A full disk, wherever it shows; other faults of the system nobody foresaw."""
    assert isinstance(error, OSError)
    if error.errno not in NO_ROOM:
        raise error
    full = errors.StorageFull(_FULL.what, hint=_FULL.hint)
    full.__cause__ = error
    return await _told(request, full.with_traceback(error.__traceback__))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    told = problem(422, MALFORMED.what, kind=type(MALFORMED).__name__)
    note(request, MALFORMED)
    # What was sent isn't repeated: it may be a secret, or a whole document.
    told["errors"] = fields_of(error.errors())
    return problem_response(request, told)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, RectoError):  # FastAPI wraps what goes wrong while a body is read
        return await _told(request, error.__cause__)
    detail = _HTTP_WORDS.get(error.status_code, str(error.detail))
    return problem_response(request, problem(error.status_code, detail), error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    """Whoever asked has hung up: nobody reads this, but the log counts it."""
    return Response(status_code=CLIENT_GONE)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """The traceback goes to the log: Starlette raises the error again once this is answered.

    A route whose errors have a shape of their own has left its answer in `request.state.unforeseen`.
    """
    keep(request_id=request_id_of(request.scope))
    request.app.state.service.metrics.failed(error)
    own: Response | None = getattr(request.state, "unforeseen", None)
    return own or problem_response(request, problem(500, NOT_YOUR_FAULT))


_HTTP_WORDS = {404: "there is nothing at this address", 405: "this address doesn't know the method"}
