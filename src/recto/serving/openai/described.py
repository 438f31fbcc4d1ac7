"""What the OpenAPI says of OpenAI's routes."""

from typing import Any

from pydantic import JsonValue

from recto.serving.openai.answering import ChatCompletion, ModelList
from recto.serving.openai.asking import ChatRequest
from recto.serving.openai.problems import OpenAiError
from recto.serving.routes.described import problems

Responses = dict[int | str, dict[str, Any]]


def _errors(*statuses: int) -> Responses:
    """The statuses of every route, with errors in OpenAI's shape."""
    told: Responses = {}
    for status, problem in problems(*statuses).items():
        kept = {key: value for key, value in problem.items() if key != "content"}
        told[status] = {**kept, "model": OpenAiError}
    return told


MODELS: Responses = {200: {"model": ModelList, "description": "the names"}, **_errors()}

COMPLETION: Responses = {
    200: {
        "model": ChatCompletion,
        "description": "what was read; with `stream`, chunks of it as server-sent events",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **_errors(404, 413, 415, 504),
}


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


def _body() -> dict[str, Any]:
    schema = ChatRequest.model_json_schema()
    inlined = _inlined(schema, schema["$defs"])
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


BODY = _body()
