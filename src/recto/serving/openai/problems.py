"""Errors as OpenAI's clients expect them: `{"error": {"message", "type", "param", "code"}}`.

Statuses and words are those of `serving/problems`; only the shape is another, and only on these routes.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from recto.errors import RectoError, RequestRefused
from recto.serving.mistakes import field_of, words_of
from recto.serving.openai.model_names import MODEL
from recto.serving.problems import MALFORMED, NOT_YOUR_FAULT, dress_of, headers_of, note, problem_of

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class OpenAiErrorDetail(BaseModel):
    """What went wrong."""

    message: str = Field(examples=["no user message holds an image"])
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(description="the field that is wrong, where it is one")
    code: str | None = Field(examples=["request-refused"], description="which kind, for programs")


class OpenAiError(BaseModel):
    """An error in OpenAI's shape."""

    error: OpenAiErrorDetail


_UNFORESEEN = OpenAiErrorDetail(message=NOT_YOUR_FAULT, type="server_error", param=None, code=None)


class OpenAiRoute(APIRoute):
    """A route whose errors, those of its dependencies included, have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route, with its errors told in its own way."""
        answer = super().get_route_handler()

        async def told(request: Request) -> Response:
            request.state.unforeseen = _told(_UNFORESEEN, 500, dress_of(request))
            try:
                return await answer(request)
            except RequestValidationError as error:
                note(request, MALFORMED)
                return _told(invalid(error), 422)
            except RectoError as error:
                note(request, error)
                return _told(error_of(error), status_of(error), headers_of(request, error))

        return told


def status_of(error: RectoError) -> int:
    """The status of `serving/problems`; for a model that isn't served it is 404, as OpenAI has it."""
    return 404 if _is_model(error) else problem_of(error)["status"]


def error_of(error: RectoError) -> OpenAiErrorDetail:
    """The error as those may see it who asked."""
    problem, status = problem_of(error), status_of(error)
    hint = problem.get("hint")
    return OpenAiErrorDetail(
        message=problem["detail"] + (f" ({hint})" if hint else ""),
        type=_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"),
        param=error.where if isinstance(error, RequestRefused) else None,
        code="model_not_found" if _is_model(error) else problem["type"].rpartition(":")[2],
    )


def _is_model(error: RectoError) -> bool:
    return isinstance(error, RequestRefused) and error.where == MODEL


def invalid(error: RequestValidationError) -> OpenAiErrorDetail:
    """A request of another shape; what was sent isn't repeated, since it may be a whole document."""
    first = error.errors()[0]
    place = field_of(first).removeprefix("body").removeprefix(".")
    return OpenAiErrorDetail(
        message=f"{place or 'the body'}: {words_of(first)}",
        type="invalid_request_error",
        param=place or None,
        code="request-refused",
    )


def _told(error: OpenAiErrorDetail, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(OpenAiError(error=error).model_dump(), status, headers=headers)
