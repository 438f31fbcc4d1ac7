"""The tools over standard input and output: for agents on the user's own machine (`recto mcp`)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.stdio import stdio_server

from recto.errors import RectoError
from recto.observability.logs import bind
from recto.observability.spans import span
from recto.serving.access_log import Access
from recto.serving.answers import ReadAnswer
from recto.serving.keys import LOCAL_CALLER
from recto.serving.mcp.folders import Folders
from recto.serving.mcp.reading import read_for
from recto.serving.mcp.tool import TOOL, Context, tool_server
from recto.serving.problems import status_of
from recto.serving.routing import RouteRequest
from recto.serving.service import Service, Upload


async def serve_stdio(service: Service, folders: Folders) -> None:
    """Answer until the client closes its end. What else the process prints goes to standard error."""

    async def read(ctx: Context, upload: Upload, route: RouteRequest) -> ReadAnswer:
        request_id = uuid.uuid4().hex
        with (
            bind(request_id=request_id),
            span("request", request_id=request_id),
            _noted(service, request_id) as pages,
            service.accepted(LOCAL_CALLER),
        ):
            answer = await read_for(service, LOCAL_CALLER, request_id, upload, route)
            pages.append(len(answer.pages))
            return answer

    server = tool_server(read, service.metrics.failed, folders)
    await service.start()
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    finally:
        await service.drain()


@contextmanager
def _noted(service: Service, request_id: str) -> Iterator[list[int]]:
    """The call in the workspace's access log, with how it ended; the block appends its pages."""
    pages: list[int] = []
    status = 500
    try:
        yield pages
        status = 200
    except RectoError as error:
        status = status_of(error)
        raise
    finally:
        if service.records is not None:
            caller = LOCAL_CALLER
            access = Access(request_id, caller.tenant, caller.key_id, f"mcp {TOOL}", status, sum(pages))
            service.records.accesses.note(access)
