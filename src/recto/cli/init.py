"""`recto init`: make a folder a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from recto.cli import app


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder; made if it isn't there.")
    ] = Path(),
    *,
    exist_ok: Annotated[
        bool, typer.Option("--exist-ok", help="Be content where there is a workspace already.")
    ] = False,
) -> None:
    """Make a folder a workspace, where documents and Releases are kept.

    \b
    recto init                      this folder
    recto init receipts             a new one
    recto init receipts --exist-ok  for scripts that may run twice

    Files that are there stay as they are. recto.toml then lists every
    setting with its default and what it means.
    """
    from recto.settings import FILE_NAME, nearest_workspace
    from recto.workspace.folder import create_workspace, open_workspace

    if exist_ok and (folder / FILE_NAME).is_file():
        typer.echo(f"{open_workspace(folder).path} is a workspace already; nothing was changed")
        return
    around = nearest_workspace(folder)
    workspace = create_workspace(folder)
    typer.echo(f"{workspace.path} is a workspace now; its settings are in {workspace.path / FILE_NAME}")
    if around is not None:
        typer.echo(f"It stands inside the workspace {around}, which verbs don't see from in here", err=True)
    typer.echo("Next: recto add PATH…   documents with their text, or without")
