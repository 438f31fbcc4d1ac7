"""The tools over standard input and output: for agents on the user's own machine (`recto mcp`)."""

import uuid

from mcp.server.stdio import stdio_server

from recto.serving.answers import ReadAnswer
from recto.serving.keys import LOCAL_CALLER
from recto.serving.mcp.folders import Folders
from recto.serving.mcp.reading import read_for
from recto.serving.mcp.tool import Context, tool_server
from recto.serving.routing import RouteRequest
from recto.serving.service import Service, Upload


async def serve_stdio(service: Service, folders: Folders) -> None:
    """Answer until the client closes its end. What else the process prints goes to standard error."""

    async def read(ctx: Context, upload: Upload, route: RouteRequest) -> ReadAnswer:
        with service.accepted(LOCAL_CALLER):
            return await read_for(service, LOCAL_CALLER, uuid.uuid4().hex, upload, route)

    server = tool_server(read, service.metrics.failed, folders)
    await service.start()
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    finally:
        await service.drain()
