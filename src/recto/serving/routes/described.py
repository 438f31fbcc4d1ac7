"""What the OpenAPI says of answers that aren't the good one: every status with its problem."""

from typing import Any

from pydantic import BaseModel, JsonValue

from recto.serving.problems import MEDIA_TYPE, problem

_WORDS = {
    400: "the request isn't well formed",
    401: "a key is needed, or this one isn't known",
    403: "this key isn't allowed to do that",
    404: "there is no such thing",
    408: "the header of the request took too long",
    413: "the request or the document is too large",
    415: "neither an image nor a PDF that recto reads",
    422: "the document can't be read, or a field is wrong",
    428: "the version that was seen is missing",
    429: "too much is waiting already, or the key has asked for too much",
    500: "something went wrong that isn't your fault",
    503: "the service is about to stop, or busy",
    504: "it wasn't read in time",
    507: "the service's disk is full",
}
_ALWAYS = (400, 401, 403, 422, 429, 500, 503, 507)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route can answer with: those that any can, and `statuses`."""
    return {status: _described(status) for status in sorted({*_ALWAYS, *statuses})}


def _described(status: int) -> dict[str, Any]:
    headers = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
    shown = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": problem(status, _WORDS[status])}
    described = {"description": _WORDS[status], "content": {MEDIA_TYPE: shown}}
    return described | ({"headers": headers} if status in (429, 503) else {})


def whole_schema(model: type[BaseModel]) -> JsonValue:
    """The JSON Schema of `model` without a reference: for places where FastAPI registers no schemas."""
    schema = model.model_json_schema()
    return _inlined(schema, schema.get("$defs", {}))


def _inlined(schema: JsonValue, definitions: dict[str, JsonValue]) -> JsonValue:
    """The schema with each reference replaced by what it means: an OpenAPI has its definitions elsewhere."""
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(name := schema.get("$ref"), str):
        return _inlined(definitions[name.rpartition("/")[2]], definitions)
    return {
        key: _inlined(value, definitions)
        for key, value in schema.items()
        if key not in ("$defs", "discriminator")
    }
