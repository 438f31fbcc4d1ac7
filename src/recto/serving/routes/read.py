"""POST /v1/read: one document in, its pages out."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from recto.serving.answers import ReadModel
from recto.serving.envelope import request_id_of
from recto.serving.routes.asking import Reader, service_of, unless_gone
from recto.serving.routes.described import problems
from recto.serving.routes.forms import ReadFields, body_schema, received
from recto.serving.service import Asking

router = APIRouter(tags=["read"])


class ReadNowFields(ReadFields):
    """As for any reading, and how long the answer is worth waiting for."""

    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="give up after it")


@router.post(
    "/v1/read",
    response_model=None,
    responses={200: {"model": ReadModel, "description": "what was read"}, **problems(413, 415, 504)},
    openapi_extra=body_schema(ReadNowFields, several=False),
)
async def read(request: Request, caller: Reader) -> JSONResponse:
    """Read one document: an image (JPEG, PNG, TIFF, WebP) or a PDF of some pages; longer ones are jobs."""
    service = service_of(request)
    longest = service.settings.serving.request_timeout_s
    with service.accepted(caller):  # before the body is looked at, and until it is read
        async with received(request, ReadNowFields, max_files=1, timeout_s=longest) as form:
            deadline = asyncio.get_running_loop().time() + min(form.fields.timeout_s or longest, longest)
            asking = Asking(caller, form.fields.route, deadline, request_id_of(request.scope))
            answer = await unless_gone(request, service.read(form.uploads[0], asking))
    request.state.pages = len(answer.pages)
    return JSONResponse(answer.to_json(form.fields.output))
