"""What the OpenAPI says of OpenAI's routes."""

from typing import Any

from recto.serving.openai.answering import ChatCompletion, ModelList
from recto.serving.openai.asking import ChatRequest
from recto.serving.openai.problems import OpenAiError
from recto.serving.routes.described import problems, whole_schema

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


def _body() -> dict[str, Any]:
    content = {"application/json": {"schema": whole_schema(ChatRequest)}}
    return {"requestBody": {"required": True, "content": content}}


BODY = _body()
