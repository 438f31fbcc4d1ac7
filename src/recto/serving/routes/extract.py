"""POST /v1/extract: the fields of one document, sent as a file, or as a text that was read already."""

import asyncio
import json
from collections.abc import Sequence
from typing import cast

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, BaseModel, Field, JsonValue, ValidationError

from recto.documents.transcript import Transcript
from recto.engines.reading import PageFailure
from recto.errors import DeadlineExpired
from recto.extraction.fields import ExtractionJson
from recto.extraction.schema import BUILT_IN
from recto.extraction.texts import ENGINE
from recto.serving.answers import PageJson, ReadAnswer, RouteModel, page_json, route_json
from recto.serving.envelope import request_id_of
from recto.serving.extracting.protocol import NO_TAGGER, Order
from recto.serving.keys import Caller
from recto.serving.mistakes import OURS
from recto.serving.problems import Problem
from recto.serving.routes.asking import Reader, service_of, unless_gone
from recto.serving.routes.described import problems
from recto.serving.routes.forms import MULTIPART, RouteFields, form_schema, received
from recto.serving.service import Asking, Service, Upload

router = APIRouter(tags=["extract"])

_SCHEMA_SAYS = f"what is wanted: {', '.join(BUILT_IN)}; or a JSON Schema"
_JSON = "application/json"


def _body() -> dict[str, object]:
    """Both bodies for the OpenAPI: a form with a file, or a text as JSON."""
    content = {
        MULTIPART: {"schema": form_schema(ExtractFields, several=False)},
        _JSON: {"schema": ExtractText.model_json_schema()},
    }
    return {"requestBody": {"required": True, "content": content}}


class ExtractFields(RouteFields):
    """Who should read, what is wanted, and how long the answer is worth waiting for."""

    longest_bytes = 65_536
    schema_: str = Field(alias="schema", min_length=1, description=f"{_SCHEMA_SAYS}, as a text")
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="give up after it")

    @property
    def wanted(self) -> str | dict[str, JsonValue]:
        """The schema's name, or the JSON Schema. Raises RequestValidationError where it is neither."""
        if not self.schema_.lstrip().startswith("{"):
            return self.schema_
        try:
            return cast(dict[str, JsonValue], json.loads(self.schema_))
        except (ValueError, RecursionError):
            mistake = {"loc": ("schema",), "msg": "is neither a name nor JSON", "type": OURS}
            raise RequestValidationError([mistake]) from None


class ExtractText(RouteFields):
    """A text that was read already, and what is wanted of it."""

    text: str = Field(
        validation_alias=AliasChoices("text", "ocr_text"),
        description="the document, form feeds between its pages; `ocr_text` is the same",
    )
    schema_: str | dict[str, JsonValue] = Field(alias="schema", description=_SCHEMA_SAYS)
    doc_id: str = Field(default="text", max_length=200, description="what the answer calls the document")
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False, description="give up after it")


class FoundModel(BaseModel):
    """One value that was found."""

    name: str = Field(examples=["total"], description='in lists "party[0]" and "items[0].amount"')
    value: str = Field(examples=["31.00"], description="normalised: dates ISO, amounts as plain decimals")
    currency: str | None = Field(examples=["MYR"], description="ISO 4217, of amounts, where known")
    printed: str = Field(examples=["31.00"], description="as it stands in the document")
    confidence: float
    page: int = Field(ge=1)
    box: list[float] | None = Field(description="x0, y0, x1, y1 in pixels; null in texts")
    grounded: bool = Field(description="whether it stands in the document")
    corrected: bool = Field(description="whether a person said it")


class CheckModel(BaseModel):
    """What a named check says."""

    name: str = Field(examples=["net_plus_tax_is_total"])
    passed: bool | None = Field(description="null where it doesn't apply")
    detail: str


class FailedPage(BaseModel):
    """A page that couldn't be read: what stands on it wasn't looked at."""

    page: int = Field(ge=1)
    problem: Problem


class ExtractModel(BaseModel):
    """The fields of one document."""

    request_id: str
    document: str
    route: RouteModel
    release: str | None = Field(description="the Release that read; null: the base model, or a text was sent")
    engine: str = Field(description='what read; "text" where a text was sent')
    schema_: str = Field(alias="schema", description='its name; "own" for one that was sent')
    extractor: str = Field(
        examples=["tagger 1f0c9a2b, Release 4"],
        description="what found the fields: a tagger and its Release, or the untrained one",
    )
    values: dict[str, JsonValue] = Field(description="validates against the schema where `problems` is empty")
    fields: list[FoundModel]
    missing: list[str] = Field(description="required fields that weren't found")
    ungrounded: list[FoundModel] = Field(description="doesn't stand in the document: not among `values`")
    unfit: list[FoundModel] = Field(description="breaks a rule of the schema: not among `values`")
    problems: list[str]
    checks: list[CheckModel]
    failed_pages: list[FailedPage]
    seconds: float = Field(description="of looking for the fields, without the reading")


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
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _JSON:
            return await _of_text(request, service, caller)
        return await _of_file(request, service, caller)


async def _of_text(request: Request, service: Service, caller: Caller) -> JSONResponse:
    asked = await _text_of(request, service.settings.serving.request_timeout_s)
    chosen = service.route(asked.route, caller)
    order = await _order(service, asked.schema_, text=asked.text)
    found = await unless_gone(request, _found(service, order, _deadline(service, asked.timeout_s)))
    head = {
        "request_id": request_id_of(request.scope),
        "document": asked.doc_id,
        "route": route_json(chosen, asked.agent),
        "release": None,
        "engine": ENGINE,
    }
    return JSONResponse({**head, **found, "failed_pages": []})


async def _of_file(request: Request, service: Service, caller: Caller) -> JSONResponse:
    longest = service.settings.serving.request_timeout_s
    async with received(request, ExtractFields, max_files=1, timeout_s=longest) as form:
        wanted, deadline = form.fields.wanted, _deadline(service, form.fields.timeout_s)
        asking = Asking(caller, form.fields.route, deadline, request_id_of(request.scope))
        work = _read_and_found(service, form.uploads[0], asking, wanted)
        answer, found = await unless_gone(request, work)
    request.state.pages = len(answer.pages)
    head = {
        "request_id": answer.request_id,
        "document": answer.document,
        "route": route_json(answer.route, answer.agent),
        "release": answer.release,
        "engine": answer.model.engine.label,
    }
    return JSONResponse({**head, **found, "failed_pages": _failed(answer)})


async def _read_and_found(
    service: Service, upload: Upload, asking: Asking, wanted: str | dict[str, JsonValue]
) -> tuple[ReadAnswer, ExtractionJson]:
    """The schema is tried first: nobody's pages are read, and counted, for one that is refused."""
    await _found(service, await _order(service, wanted), asking.deadline)
    answer = await service.read(upload, asking)
    pages = [page for page in answer.pages if isinstance(page, Transcript)]
    return answer, await _found(service, await _order(service, wanted, pages=pages), asking.deadline)


async def _found(service: Service, order: Order, deadline: float) -> ExtractionJson:
    with service.metrics.stage("extract"):
        return await service.extractors.extract(order, deadline)


async def _order(
    service: Service,
    wanted: str | dict[str, JsonValue],
    *,
    text: str | None = None,
    pages: Sequence[Transcript] = (),
) -> Order:
    return {
        "schema": wanted,
        "text": text,
        "pages": [page.to_json() for page in pages],
        "max_lines": service.settings.extraction.max_lines,
        "tagger": await service.taggers.in_use(wanted) if isinstance(wanted, str) else NO_TAGGER,
    }


def _failed(answer: ReadAnswer) -> list[PageJson]:
    return [page_json(page, "text") for page in answer.pages if isinstance(page, PageFailure)]


def _deadline(service: Service, timeout_s: float | None) -> float:
    longest = service.settings.serving.request_timeout_s
    return asyncio.get_running_loop().time() + min(timeout_s or longest, longest)


async def _text_of(request: Request, timeout_s: float) -> ExtractText:
    """The body, parsed in a thread since it may be large. Raises RequestValidationError, DeadlineExpired."""
    try:
        async with asyncio.timeout(timeout_s):
            body = await request.body()
    except TimeoutError:
        raise DeadlineExpired("the request's body came too slowly", hint="try again") from None
    try:
        return await asyncio.to_thread(ExtractText.model_validate_json, body)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None
