"""`recto keys`: list, make and revoke the keys of the reading service."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from pathlib import Path

    from recto.serving.keys import Scope
    from recto.workspace.folder import Workspace

keys_app = typer.Typer(help="List, make and revoke the keys of the reading service.")
app.add_typer(keys_app, name="keys")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called.")]


@keys_app.callback(invoke_without_command=True)
def _keys(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List, make and revoke the keys of the reading service.

    Without a subcommand, list them: what each may do, and the pages it has
    had read today. As long as there is none, the service listens on this
    machine only, and whoever calls there may do everything. From the first
    one on, nobody gets in without a key, even if all are revoked.
    """
    if context.invoked_subcommand is not None:
        source = context.get_parameter_source("workspace")
        if as_json or (source is not None and source.name == "COMMANDLINE"):
            raise typer.BadParameter(
                f"give flags after the subcommand: recto keys {context.invoked_subcommand} …"
            )
        return
    from recto.cli.keys_table import listed, print_keys
    from recto.serving.keys import keys
    from recto.serving.quota import pages_on
    from recto.workspace.utc import now

    opened = _open(workspace)
    found, pages = keys(opened), pages_on(opened, now().date())
    if as_json:
        typer.echo(json.dumps([listed(key, pages) for key in found], ensure_ascii=False, indent=1))
    else:
        print_keys(found, pages, opened.settings.access)


@keys_app.command()
def add(
    name: Name,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it may do: read, jobs, releases, metrics, documents, correct, admin "
            "(default: read and jobs)."
        ),
    ] = None,
    business: Annotated[
        list[str] | None,
        typer.Option(
            help="Business type that its requests must name; `general`: they may name none (default: all)."
        ),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Keys of one tenant see the same jobs (default: NAME).")] = "",
    requests_per_minute: Annotated[
        int | None, typer.Option(min=0, help="Instead of the setting; 0 is no limit.")
    ] = None,
    pages_per_day: Annotated[
        int | None, typer.Option(min=0, help="Instead of the setting; 0 is no limit.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a key and print it: it is shown this once, and nothing that is kept leads back to it.

    \b
    recto keys add shop
    recto keys add prometheus --scope metrics
    recto keys add law-firm --business legal --pages-per-day 500

    To replace a key without a gap, make a second one with the same --tenant,
    and revoke the first. The name of a tenant that there was is taken up
    again only with --tenant: whoever has the key sees that one's jobs.
    """
    from recto.serving.keys import DEFAULT_SCOPES, Terms, add_key

    terms = Terms(
        _scopes(scope) if scope else DEFAULT_SCOPES,
        business or (),
        requests_per_minute,
        pages_per_day,
        tenant,
    )
    key = add_key(_open(workspace), name, terms)
    typer.echo(key)
    typer.echo(
        f"This is the key {name!r}; it can't be shown again. Send it as `Authorization: Bearer KEY`.",
        err=True,
    )


@keys_app.command()
def revoke(name: Name, workspace: WorkspaceOption = HERE) -> None:
    """Revoke a key: from the next request on, it opens nothing. Jobs that it gave are finished."""
    from recto.serving.keys import revoke_key

    revoke_key(_open(workspace), name)
    typer.echo(f"{name} opens nothing any more")


def _scopes(words: list[str]) -> "list[Scope]":
    from recto.serving.keys import SCOPES

    for word in words:
        if word not in SCOPES:
            raise typer.BadParameter(f"{word!r} is none of {', '.join(SCOPES)}", param_hint="--scope")
    return [scope for scope in SCOPES if scope in words]


def _open(folder: "Path") -> "Workspace":
    from recto.workspace.folder import open_workspace

    return open_workspace(folder)
