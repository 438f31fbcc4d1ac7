"""POST /v1/extract: the fields of one document, sent as a file, or as a text that was read already."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, Field, ValidationError, WithJsonSchema

from recto.serving.answers import RouteModel
from recto.serving.envelope import is_json, request_id_of
from recto.serving.extracting.asking import fields_of_document, fields_of_text
from recto.serving.extracting.wanted import SchemaFrom, Wanted
from recto.serving.json_body import json_body
from recto.serving.keys import Caller
from recto.serving.routes.asking import Reader, service_of, unless_gone
from recto.serving.routes.described import problems
from recto.serving.routes.fields_described import FieldsModel
from recto.serving.routes.forms import MULTIPART, RouteFields, form_schema, received
from recto.serving.routes.schema_field import SCHEMA_BYTES, SCHEMA_SAYS, SchemaText, wanted_in
from recto.serving.service import Asking, Service

router = APIRouter(tags=["extract"])

_SCHEMA = WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]})

_EXAMPLE = {"text": "ACME Ltd\n12/03/2026\nTotal: EUR 31.00", "schema": "receipt", "doc_id": "4711"}


def _body() -> dict[str, object]:
    """Both bodies for the OpenAPI: a form with a file, or a text as JSON."""
    text = ExtractText.model_json_schema()
    text["properties"]["ocr_text"] = {**text["properties"]["text"], "description": "the same as `text`"}
    text["required"].remove("text")
    text["anyOf"] = [{"required": ["text"]}, {"required": ["ocr_text"]}]
    content = {
        MULTIPART: {"schema": form_schema(ExtractFields, several=False)},
        "application/json": {"schema": text, "example": _EXAMPLE},
    }
    return {"requestBody": {"required": True, "content": content}}


class ExtractFields(RouteFields):
    """Who should read, what is wanted, and how long the answer is worth waiting for."""

    longest_bytes = SCHEMA_BYTES
    schema_: SchemaText = Field(default=None, alias="schema", description=f"{SCHEMA_SAYS}, as a text")
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="give up after it")


class ExtractText(RouteFields):
    """A text that was read already, and what is wanted of it."""

    text: str = Field(
        validation_alias=AliasChoices("text", "ocr_text"),
        description="the document, form feeds between its pages; `ocr_text` is the same",
    )
    schema_: Annotated[Wanted | None, _SCHEMA] = Field(default=None, alias="schema", description=SCHEMA_SAYS)
    doc_id: str = Field(default="text", max_length=200, description="what the answer calls the document")
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="give up after it")


class ExtractModel(FieldsModel):
    """The fields of one document."""

    request_id: str
    document: str
    route: RouteModel
    release: str | None = Field(description="the Release that read; null: the base model, or a text was sent")
    engine: str = Field(description='what read; "text" where a text was sent')
    schema_from: SchemaFrom = Field(description="who said so: the request, or the profile of its agent")


@router.post(
    "/v1/extract",
    response_model=None,
    responses={200: {"model": ExtractModel, "description": "what was found"}, **problems(413, 415, 504)},
    openapi_extra=_body(),
)
async def extract(request: Request, caller: Reader) -> JSONResponse:
    """Find the typed fields of one document: of a file, which is read first, or of a text."""
    service = service_of(request)
    with service.accepted(caller):  # before the body is looked at, and until it is answered
        if is_json(request.headers.get("content-type", "")):
            return await _of_text(request, service, caller)
        return await _of_file(request, service, caller)


async def _of_text(request: Request, service: Service, caller: Caller) -> JSONResponse:
    asked = await _text_of(request, service.settings.serving.request_timeout_s)
    asking = Asking(caller, asked.route, _deadline(service, asked.timeout_s), request_id_of(request.scope))
    work = fields_of_text(service, asking, asked.schema_, asked.text, asked.doc_id)
    return JSONResponse((await unless_gone(request, work)).to_json())


async def _of_file(request: Request, service: Service, caller: Caller) -> JSONResponse:
    longest = service.settings.serving.request_timeout_s
    async with received(request, ExtractFields, max_files=1, timeout_s=longest) as form:
        wanted, deadline = wanted_in(form.fields.schema_), _deadline(service, form.fields.timeout_s)
        asking = Asking(caller, form.fields.route, deadline, request_id_of(request.scope))
        work = fields_of_document(service, asking, wanted, form.uploads[0])
        answer = await unless_gone(request, work)
    request.state.pages = len(answer.pages)
    return JSONResponse(answer.to_json())


def _deadline(service: Service, timeout_s: float | None) -> float:
    longest = service.settings.serving.request_timeout_s
    return asyncio.get_running_loop().time() + min(timeout_s or longest, longest)


async def _text_of(request: Request, timeout_s: float) -> ExtractText:
    """The body, parsed in a thread since it may be large. Raises RequestValidationError, DeadlineExpired."""
    body = await json_body(request, timeout_s)
    try:
        return await asyncio.to_thread(ExtractText.model_validate_json, body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
