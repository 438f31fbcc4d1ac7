"""`recto verify`: read all that the workspace keeps, and say what isn't as it was."""

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption


@app.command()
def verify(workspace: WorkspaceOption = HERE) -> None:
    """Read every document and Release of a workspace, and compare each with its hash.

    What is missing or was changed is named, and the exit code is 1 then.
    Nothing is repaired: restore what is named from a backup. `recto add` of a
    document that is damaged here puts its file right, too.
    """
    from recto.cli.data.progress import progress
    from recto.registry.integrity import examine, kept
    from recto.workspace.folder import open_workspace

    opened = open_workspace(workspace)
    all_ = kept(opened)
    damaged = 0
    with progress("Reading documents and Releases", all_.files + all_.releases) as advance:
        for damage in examine(opened):
            advance()
            if damage is not None:
                damaged += 1
                typer.echo(f"{damage.path}: {damage.what}")
    typer.echo(f"read: files of documents {all_.files}, Releases {all_.releases}; damaged: {damaged}")
    if damaged:
        raise typer.Exit(1)
