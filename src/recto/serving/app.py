"""The app: the Service over HTTP, all routes in one place. Which address is listened on is in `server`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from recto import __version__
from recto.serving import openai
from recto.serving.envelope import BodyLimit, Envelope
from recto.serving.mcp.http import McpEndpoint, McpRoute
from recto.serving.problems import tell_problems
from recto.serving.review import entry, overview, work
from recto.serving.review.loop import Loop
from recto.serving.routes import (
    agents,
    corrections,
    documents,
    exports,
    extract,
    health,
    jobs,
    queue,
    read,
    releases,
    session,
)
from recto.serving.service import Service
from recto.serving.visits import Visits

_ABOUT = """Reading documents with models that get better from their own corrections.

Errors are problems (RFC 9457, `application/problem+json`). Each answer has an `X-Request-ID`, which the
service's log knows; one that is sent along is kept.
"""


def create_app(service: Service, loop: Loop | None = None) -> FastAPI:
    """The app that answers with `service`, which starts and drains with it; `loop` is for the dashboard."""

    tools = McpEndpoint(service)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            async with tools.running():
                yield
        finally:
            await service.drain()

    # No pages to try it out: they would load scripts from elsewhere.
    app = FastAPI(
        title="recto", version=__version__, description=_ABOUT, lifespan=life, docs_url=None, redoc_url=None
    )
    app.state.service, app.state.loop = service, loop
    tell_problems(app)
    for routes in (
        read,
        extract,
        documents,
        exports,
        corrections,
        queue,
        session,
        agents,
        jobs,
        releases,
        openai,
        health,
        entry,
        work,
        overview,
    ):
        app.include_router(routes.router)
    app.router.routes.append(McpRoute(tools))
    app.add_middleware(BodyLimit, uploads=service.settings.uploads)
    app.add_middleware(Visits, service=service)
    app.add_middleware(Envelope)
    return app
