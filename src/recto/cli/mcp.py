"""`recto mcp`: the tools for agents, over standard input and output."""

from pathlib import Path
from typing import Annotated

import typer

from recto.cli import app
from recto.cli.serve import opened_service
from recto.cli.workspace_option import OptionalWorkspace


@app.command()
def mcp(
    *,
    allow: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Agents may name files in this folder; may be given again."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Engine where no Release is current (else the setting's).")
    ] = None,
    workspace: OptionalWorkspace = None,
) -> None:
    """Serve read_document and extract_fields to an agent (Model Context Protocol) on standard in and output.

    Agents start it themselves: give them the command `recto mcp` in their settings. They send a document's
    bytes, or name a file in an allowed folder, links followed. `recto serve` has the same tools at /mcp.
    """
    import asyncio

    from recto.observability.logs import configure
    from recto.serving.mcp.folders import allowed
    from recto.serving.mcp.stdio import serve_stdio

    folders = allowed(allow or [])
    service = opened_service(workspace, {"engine": engine}, takes_jobs=False)
    configure(service.settings.observability.log_level, service.settings.observability.log_format)
    asyncio.run(serve_stdio(service, folders))
