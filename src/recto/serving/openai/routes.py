"""`POST /v1/chat/completions` and `GET /v1/models`: the service for those who speak OpenAI's API already.

A chat completion reads the images and files of the last user message that holds any. A model's name that
pins a Release (`model_names`) is answered by that Release, or not at all.
"""

import asyncio
import time
from asyncio import to_thread
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import ValidationError

from recto.errors import RectoError
from recto.serving.envelope import request_id_of
from recto.serving.json_body import json_body
from recto.serving.openai.answering import DONE, ModelList, Piece, Reply, ServedModel, event
from recto.serving.openai.asking import ChatRequest, documents_of, route_of
from recto.serving.openai.described import BODY, COMPLETION, MODELS
from recto.serving.openai.model_names import names_of
from recto.serving.openai.problems import OpenAiError, OpenAiRoute, error_of
from recto.serving.openai.reading import ChatReading
from recto.serving.problems import note
from recto.serving.routes.asking import Accepted, Reader, service_of, unless_gone
from recto.serving.service import Asking

router = APIRouter(route_class=OpenAiRoute, tags=["OpenAI"])


async def asked_of(request: Request, caller: Reader, room: Accepted) -> ChatRequest:
    """What the body asks. It is read once it is known who asks, and that there is room."""
    body = await json_body(request, service_of(request).settings.serving.request_timeout_s)
    try:
        return await to_thread(ChatRequest.model_validate_json, body)
    except ValidationError as error:
        mistakes = error.errors(include_input=False, include_url=False)
        raise RequestValidationError(mistakes) from None


async def reading_of(
    request: Request, caller: Reader, asked: Annotated[ChatRequest, Depends(asked_of)]
) -> ChatReading:
    """What is to be read, by whom, until when."""
    service = service_of(request)
    urls = documents_of(asked, at_most=service.settings.uploads.max_pages)
    route = route_of(asked, service.settings.agents)
    deadline = asyncio.get_running_loop().time() + service.settings.serving.request_timeout_s
    asking = Asking(caller, route, deadline, request_id_of(request.scope))
    return ChatReading(service, asking, asked.model, urls)


@router.get("/v1/models", response_model=None, responses=MODELS)
async def models(request: Request, caller: Reader) -> JSONResponse:
    """The names under which models are served: by scope, and by the Release that reads there now."""
    names = names_of(service_of(request).models.listing())
    data = [ServedModel(id=name, created=int(since.timestamp())) for name, since in names.items()]
    return JSONResponse(ModelList(data=data).model_dump())


@router.post("/v1/chat/completions", response_model=None, responses=COMPLETION, openapi_extra=BODY)
async def chat_completions(
    request: Request,
    asked: Annotated[ChatRequest, Depends(asked_of)],
    reading: Annotated[ChatReading, Depends(reading_of)],
) -> Response:
    """Read the images and files of a chat message. Words to a model change nothing: recto reads."""
    reply = Reply(f"chatcmpl-{reading.asking.request_id}", int(time.time()), asked.model)
    pieces = reading.pieces()
    if not asked.stream:
        read = await unless_gone(request, _all(request, pieces))
        return JSONResponse(reply.completion(read).model_dump())
    first = await unless_gone(request, _next(pieces))  # what goes wrong at once still has a status of its own
    return StreamingResponse(_events(request, reply, first, pieces), media_type="text/event-stream")


async def _next(pieces: AsyncIterator[Piece]) -> Piece:
    return await anext(pieces)


async def _all(request: Request, pieces: AsyncIterator[Piece]) -> list[Piece]:
    read = [piece async for piece in pieces]
    request.state.pages = _pages(read)
    return read


async def _events(
    request: Request, reply: Reply, first: Piece, pieces: AsyncIterator[Piece]
) -> AsyncIterator[str]:
    """The stream: one event for each document as it is read, and one that ends it."""
    read = [first]
    yield reply.piece(first, is_first=True)
    try:
        async for piece in pieces:
            read.append(piece)
            yield reply.piece(piece, is_first=False)
    except RectoError as error:
        note(request, error)
        yield event(OpenAiError(error=error_of(error)))
        return
    except Exception as error:  # its status has been sent already: nobody else counts it
        service_of(request).metrics.failed(error)
        raise
    finally:
        request.state.pages = _pages(read)
    yield reply.end(read)
    yield DONE


def _pages(read: list[Piece]) -> int:
    return sum(piece.provenance.pages for piece in read)
