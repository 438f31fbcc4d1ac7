"""/healthz, /readyz and /metrics: for what watches the service. The first two need no key."""

from asyncio import to_thread
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from recto.observability.metrics import CONTENT_TYPE
from recto.serving.routes.asking import MetricsWatcher, service_of
from recto.serving.routes.described import problems

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Whether the process should go on."""

    status: Literal["ok", "hung"]


class Readiness(BaseModel):
    """Whether requests should come here; `why` not, where the engine or the database hangs."""

    status: Literal["ready", "draining", "loading", "hung"]
    why: str | None = None


@router.get(
    "/healthz",
    response_model=None,
    responses={
        200: {"model": Health},
        503: {"model": Health, "description": "only a new process can help"},
    },
)
async def healthz(request: Request) -> JSONResponse:
    """Whether the process lives, and isn't beyond help: its engine has hung for long."""
    if service_of(request).batcher.hangs.given_up:
        return JSONResponse({"status": "hung"}, 503)
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    response_model=None,
    responses={
        200: {"model": Readiness},
        503: {"model": Readiness, "description": "requests should go elsewhere"},
    },
)
async def readyz(request: Request) -> JSONResponse:
    """Whether requests should come here: the models are loaded and read, and it isn't about to stop."""
    service = service_of(request)
    if service.draining:
        return JSONResponse({"status": "draining"}, 503)
    if not service.models.ready:
        return JSONResponse({"status": "loading"}, 503)
    why = service.batcher.hangs.why
    if service.models.database_hangs:
        why = "the database doesn't answer"
    if why:
        return JSONResponse({"status": "hung", "why": why}, 503)
    return JSONResponse({"status": "ready"})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "as Prometheus reads them", "content": {"text/plain": {}}}, **problems()},
)
async def metrics(request: Request, caller: MetricsWatcher) -> Response:
    """Everything that is counted, in the text format of Prometheus."""
    return Response(await to_thread(service_of(request).metrics.render), media_type=CONTENT_TYPE)
