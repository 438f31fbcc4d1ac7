"""`recto serve`: reading as a service over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import OptionalWorkspace

if TYPE_CHECKING:
    from recto.cli.serve_loop import WorkspaceLoop
    from recto.serving.service import Service


@app.command()
def serve(
    *,
    workspace: OptionalWorkspace = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (else the setting's).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 is any free one (else the setting's).")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="Engine where no Release is current (else the setting's).")
    ] = None,
) -> None:
    """Read documents for others, over HTTP: the API, OpenAI's, and tools for agents at /mcp.

    \b
    curl -F file=@receipt.jpg http://127.0.0.1:8000/v1/read

    It reads with the current Releases of the workspace, and takes up each promotion and rollback as it runs.
    Outside a workspace it reads with the base model, and takes neither keys nor jobs. Until the first key is
    made (`recto keys add`) only this machine may ask. SIGTERM and Ctrl-C: what was accepted is answered, the
    rest is refused, and jobs go on at the next start.
    """
    from recto.observability.logs import configure
    from recto.observability.spans import exporting
    from recto.serving.server import serve as answer

    service = opened_service(workspace, {"host": host, "port": port, "engine": engine})
    told = service.settings.observability
    configure(told.log_level, told.log_format)
    with exporting(told.otlp_endpoint, told.trace_share):
        answer(service, lambda url: typer.echo(f"listening on {url}"), _loop_of(service))


def _loop_of(service: "Service") -> "WorkspaceLoop | None":
    """What the dashboard shows of retraining, in a workspace."""
    from recto.cli.serve_loop import WorkspaceLoop

    return None if service.workspace is None else WorkspaceLoop(service.workspace)


def opened_service(
    workspace: Path | None, flags: "dict[str, str | int | None]", *, takes_jobs: bool = True
) -> "Service":
    """The service of the workspace, if there is one, with what the flags say above its settings."""
    from recto.serving.service import Service
    from recto.settings import Settings, nearest_workspace
    from recto.workspace.folder import open_workspace

    start = workspace or nearest_workspace(Path())
    opened = None if start is None else open_workspace(start)
    if opened is None:
        typer.echo("no workspace here: reading with the base model, without keys and jobs", err=True)
    settings = Settings() if opened is None else opened.settings
    said = {name: value for name, value in flags.items() if value is not None}
    serving = settings.serving.model_copy(update=said)
    return Service(settings.model_copy(update={"serving": serving}), opened, takes_jobs=takes_jobs)
