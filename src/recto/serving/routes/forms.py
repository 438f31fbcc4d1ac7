"""Forms: a request's files and fields as multipart/form-data, streamed to the disk, and checked.

How large all of it may be is the Envelope's matter (`BodyLimit`); what is in the files, the decoders'.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, ClassVar, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from recto.errors import DeadlineExpired, RectoError
from recto.serving.mistakes import OURS
from recto.serving.routing import RouteRequest
from recto.serving.service import Upload
from recto.settings.serving import Output

MULTIPART = "multipart/form-data"
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1"})
_FIELD_BYTES = 4096
_NAME_LENGTH = 200
_SHAPE = "this is no form of up to {files} files and {fields} fields of {bytes} bytes each"

Fields = TypeVar("Fields", bound="RouteFields")
_Name = Annotated[Annotated[str, Field(max_length=100)] | None, BeforeValidator(lambda text: text or None)]


class RouteFields(BaseModel):
    """Who should read; nothing of it is needed. No field is longer than `longest_bytes`."""

    longest_bytes: ClassVar[int] = _FIELD_BYTES
    model_config = ConfigDict(extra="forbid")
    agent: _Name = Field(default=None, description="an agent profile of the service", examples=["legal"])
    business: _Name = Field(default=None, description="business type of the document", examples=["legal"])
    category: _Name = Field(default=None, description="receipt, invoice, contract, …", examples=["contract"])

    @property
    def route(self) -> RouteRequest:
        """What the route is made of."""
        return RouteRequest(self.agent, self.business, self.category)


class ReadFields(RouteFields):
    """Who should read, and what the answer holds; nothing of it is needed."""

    output: Output | None = Field(default=None, description="stands above what the agent says")


class Form(Generic[Fields]):
    """The files of a request, closed when it is answered, and its fields."""

    def __init__(self, files: list[UploadFile], fields: Fields) -> None:
        self.files, self.fields = files, fields

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """The files as documents, by the names that their sender gives them."""
        return tuple(Upload(file.file, _name(file.filename)) for file in self.files)


@asynccontextmanager
async def received(
    request: Request, kind: type[Fields], *, max_files: int, timeout_s: float
) -> AsyncIterator[Form[Fields]]:
    """The form that the request sends: files called `file`, and fields of `kind`.

    Raises RequestValidationError for other shapes, DocumentTooLarge, DeadlineExpired for a body that comes
    too slowly.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise HTTPException(415, f"send the file as {MULTIPART}")
    _check_charset(request.headers["content-type"])
    try:
        async with asyncio.timeout(timeout_s):
            form = await request.form(
                max_files=max_files, max_fields=len(kind.model_fields), max_part_size=kind.longest_bytes
            )
    except HTTPException as error:
        if isinstance(error.__cause__, RectoError):
            raise
        shape = _SHAPE.format(files=max_files, fields=len(kind.model_fields), bytes=kind.longest_bytes)
        raise HTTPException(400, shape) from None
    except TimeoutError:
        raise DeadlineExpired("the request's body came too slowly", hint="try again") from None
    try:
        files = [value for name, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files or any(name != "file" for name, value in form.multi_items() if value in files):
            raise _wrong("file", "send the document in a part of this name, with a file name")
        texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        yield Form(files, _checked(kind, texts))
    finally:
        await form.close()


def body_schema(kind: type[RouteFields], *, several: bool) -> dict[str, object]:
    """The request's body for the OpenAPI."""
    content = {MULTIPART: {"schema": form_schema(kind, several=several)}}
    return {"requestBody": {"required": True, "content": content}}


def form_schema(kind: type[RouteFields], *, several: bool) -> dict[str, object]:
    """The form for the OpenAPI."""
    schema = kind.model_json_schema()
    file: dict[str, object] = {"type": "string", "format": "binary", "description": "an image or a PDF"}
    schema["properties"] |= {"file": {"type": "array", "items": file, "minItems": 1} if several else file}
    schema["required"] = [*schema.get("required", []), "file"]
    return schema


def _check_charset(content_type: str) -> None:
    """Python knows many codecs, and not all of them are made for texts of strangers."""
    named = parse_options_header(content_type)[1].get(b"charset", b"utf-8").decode("latin-1")
    if named.strip().lower() not in _CHARSETS:
        raise HTTPException(415, "send the form's fields in UTF-8")


def _checked(kind: type[Fields], texts: Mapping[str, str]) -> Fields:
    try:
        return kind.model_validate(texts)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_input=False, include_url=False)) from None


def _wrong(field: str, message: str) -> RequestValidationError:
    return RequestValidationError([{"loc": (field,), "msg": message, "type": OURS}])


def _name(given: str | None) -> str:
    """What the sender calls the file: the last part of a path, without what doesn't print."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:_NAME_LENGTH] or "upload"
