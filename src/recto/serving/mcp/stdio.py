"""The tools over standard input and output: for agents on the user's own machine (`recto mcp`)."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from mcp.server.stdio import stdio_server

from recto.errors import RectoError
from recto.observability.logs import bind
from recto.observability.spans import span
from recto.serving.access_log import Access
from recto.serving.keys import LOCAL_CALLER
from recto.serving.mcp.call import Call
from recto.serving.mcp.folders import Folders
from recto.serving.mcp.tool_server import Context, tool_server
from recto.serving.problems import status_of
from recto.serving.service import Service


async def serve_stdio(service: Service, folders: Folders) -> None:
    """Answer until the client closes its end. What else the process prints goes to standard error."""

    @contextmanager
    def calling(ctx: Context, tool: str) -> Iterator[Call]:
        call = Call(service, LOCAL_CALLER, uuid.uuid4().hex)
        with (
            bind(request_id=call.request_id),
            span("request", request_id=call.request_id),
            _noted(call, tool),
            service.accepted(LOCAL_CALLER),
        ):
            yield call

    server = tool_server(calling, service.metrics.failed, folders)
    await service.start()
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    finally:
        await service.drain()


@contextmanager
def _noted(call: Call, tool: str) -> Iterator[None]:
    """The call in the workspace's access log, with how it ended."""
    status = 500
    try:
        yield
        status = 200
    except RectoError as error:
        status = status_of(error)
        raise
    finally:
        if call.service.records is not None:
            who = call.caller
            access = Access(call.request_id, who.tenant, who.key_id, f"mcp {tool}", status, call.pages)
            call.service.records.accesses.note(access)
