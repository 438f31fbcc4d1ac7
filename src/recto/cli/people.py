"""`recto people`: those who sign in to review documents: list, add, remove, give another password."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from pathlib import Path

    from recto.serving.people import Role
    from recto.workspace.folder import Workspace

people_app = typer.Typer(help="List, add and remove those who sign in to review documents.")
app.add_typer(people_app, name="people")

Name = Annotated[str, typer.Argument(metavar="NAME", help="How the person signs in and signs corrections.")]


@people_app.callback(invoke_without_command=True)
def _people(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """List, add and remove those who sign in to review documents.

    Without a subcommand, list them. As long as there is neither a person
    nor a key, the service listens on this machine only, and whoever calls
    there may do everything.
    """
    if context.invoked_subcommand is not None:
        source = context.get_parameter_source("workspace")
        if as_json or (source is not None and source.name == "COMMANDLINE"):
            raise typer.BadParameter(
                f"give flags after the subcommand: recto people {context.invoked_subcommand} …"
            )
        return
    from recto.serving.people import people

    listed: list[dict[str, object]] = [
        {
            "name": row.name,
            "role": row.role,
            "businesses": row.businesses,
            "created_at": row.created_at.isoformat(),
            "removed_at": None if row.removed_at is None else row.removed_at.isoformat(),
        }
        for row in people(_open(workspace))
    ]
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False, indent=1))
        return
    for person in listed:
        sees = ", ".join(person["businesses"]) if person["businesses"] else "all"  # type: ignore[arg-type]
        state = "removed" if person["removed_at"] else f"{person['role']}, documents: {sees}"
        typer.echo(f"{person['name']}: {state}")
    if not listed:
        typer.echo("nobody yet: recto people add NAME --role admin lets the first one in")


@people_app.command()
def add(
    name: Name,
    *,
    role: Annotated[
        str, typer.Option(help="reader (looks), reviewer (corrects as well) or admin (everything).")
    ] = "reviewer",
    business: Annotated[
        list[str] | None,
        typer.Option(help="Business type whose documents he sees (default: all that aren't closed)."),
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Add a person. The password is asked for, or the first line of standard input.

    \b
    recto people add anna --role admin
    recto people add ben --business legal < password.txt

    A running `recto serve` knows the person from the next request on.
    """
    from recto.serving.people import add_person

    chosen = _role(role)
    add_person(_open(workspace), name, _password(), chosen, business or ())
    typer.echo(f"{name} may sign in as {role}")


@people_app.command()
def remove(name: Name, workspace: WorkspaceOption = HERE) -> None:
    """Remove a person: he is signed out at once. His corrections keep his name."""
    from recto.serving.people import remove_person

    remove_person(_open(workspace), name)
    typer.echo(f"{name} may not sign in any more")


@people_app.command()
def password(name: Name, workspace: WorkspaceOption = HERE) -> None:
    """Give a person another password, asked for as by `add`; he has to sign in anew."""
    from recto.serving.people import set_password

    set_password(_open(workspace), name, _password())
    typer.echo(f"{name} has another password")


def _role(word: str) -> "Role":
    from recto.serving.people import ROLES

    for role in ROLES:
        if role == word:
            return role
    raise typer.BadParameter(f"{word!r} is none of {', '.join(ROLES)}", param_hint="--role")


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")


def _open(folder: "Path") -> "Workspace":
    from recto.workspace.folder import open_workspace

    return open_workspace(folder)
