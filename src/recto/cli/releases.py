"""`recto releases`: list, show, promote, roll back, export and compare the Releases of a workspace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from recto.registry.promotion import Promotion
    from recto.workspace.folder import Workspace

BASE = "base"
"""What `--to` calls no Release at all."""

releases_app = typer.Typer(help="List, show, promote, roll back, export and compare Releases.")
app.add_typer(releases_app, name="releases")

Scope = Annotated[str | None, typer.Option("--scope", help="Business type with Releases of its own.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[int, typer.Argument(metavar="N", help="Number of a Release.", min=1)]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history.")]


@releases_app.callback(invoke_without_command=True)
def _releases(
    context: typer.Context, scope: Scope = None, as_json: AsJson = False, workspace: WorkspaceOption = HERE
) -> None:
    """List, show, promote, roll back, export and compare the Releases of a workspace.

    Without a subcommand, list them.
    """
    if context.invoked_subcommand is None:
        list_(scope, as_json=as_json, workspace=workspace)
    elif scope is not None or as_json or _was_given(context, "workspace"):
        raise typer.BadParameter(
            f"give flags after the subcommand: recto releases {context.invoked_subcommand} …"
        )


@releases_app.command("list")
def list_(scope: Scope = None, as_json: AsJson = False, workspace: WorkspaceOption = HERE) -> None:
    """List all Releases, the current ones marked; those that were never current or are damaged are told."""
    from recto.cli.releases_table import listed, print_releases, print_strangers
    from recto.registry.promotion import check_scope
    from recto.registry.standing import standings
    from recto.registry.store import strangers

    opened = _open(workspace)
    found = standings(opened, scope)
    if scope is not None and not found:
        check_scope(opened, scope)
    if as_json:
        _print_json([listed(standing) for standing in found])
    else:
        print_releases(found)
        print_strangers(strangers(opened))


@releases_app.command()
def show(number: Number, as_json: AsJson = False, workspace: WorkspaceOption = HERE) -> None:
    """Show one Release: where it comes from, what was measured, what the gates said, when it was current.

    Its files are verified; exit code 2 says that they aren't what was measured.
    """
    from recto.cli.releases_table import described, print_release
    from recto.registry.promotion import promotions
    from recto.registry.standing import standing_of
    from recto.registry.store import release, release_folder, verify

    opened = _open(workspace)
    chosen = release(opened, number)
    card, standing = verify(opened, chosen), standing_of(opened, chosen)
    history = [step for step in promotions(opened) if number in (step.number, step.previous)]
    if as_json:
        _print_json(described(standing, card, history))
    else:
        print_release(standing, card, history)
        typer.echo(f"files verified in {release_folder(opened, chosen)}")


@releases_app.command()
def promote(
    number: Number, scope: Scope = None, reason: Reason = "by hand", workspace: WorkspaceOption = HERE
) -> None:
    """Make a Release current, for the scope that it was made for or another one; no gate is asked."""
    from recto.registry.promotion import promote as run
    from recto.registry.store import release

    opened = _open(workspace)
    name = scope or release(opened, number).scope
    with _promoting(opened, name):
        step = run(opened, number, scope=name, reason=reason)
    _tell(step)


@releases_app.command()
def rollback(
    scope: Scope = None,
    to: Annotated[
        str | None, typer.Option(metavar="N|base", help="A Release, or none (default: the one before).")
    ] = None,
    reason: Reason = "by hand",
    workspace: WorkspaceOption = HERE,
) -> None:
    """Go back to the Release that was current before, in one step; again for the one before that.

    `--to base` goes back to none: then the general scope reads with the base
    weights, any other one with the general Release. It works always, also
    where the current Release is damaged.
    """
    from recto.registry.promotion import check_scope, withdraw
    from recto.registry.promotion import rollback as run

    opened = _open(workspace)
    name = scope or _general()
    check_scope(opened, name)
    with _promoting(opened, name):
        if to == BASE:
            step = withdraw(opened, name, reason=reason)
        else:
            step = run(opened, name, to=_number(to), reason=reason)
    if to == BASE:
        _tell_withdrawn(step, opened)
    else:
        _tell(step)


@releases_app.command()
def export(
    number: Number,
    out: Annotated[Path, typer.Option(help="New folder.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write a Release as a model folder that works anywhere with --model, with its licence and notice."""
    from recto.registry.export import export as run

    written = run(_open(workspace), number, out)
    typer.echo(f"Release {number} is now in {written}: recto read PATH --model {written}")


@releases_app.command()
def diff(
    a: Annotated[int, typer.Argument(metavar="A", help="Number of the earlier Release.", min=1)],
    b: Annotated[int, typer.Argument(metavar="B", help="Number of the later one.", min=1)],
    as_json: AsJson = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Compare two Releases: recipe, data, figures, and how each document moved that both were measured on."""
    from recto.cli.releases_diff import difference_json, print_difference
    from recto.registry.difference import diff as run

    found = run(_open(workspace), a, b)
    if as_json:
        _print_json(difference_json(found))
    else:
        print_difference(found)


def _was_given(context: typer.Context, name: str) -> bool:
    """Whether a flag stands in the command line (the environment doesn't count)."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _open(folder: Path) -> "Workspace":
    from recto.workspace.folder import open_workspace

    return open_workspace(folder)


@contextmanager
def _promoting(workspace: "Workspace", scope: str) -> Iterator[None]:
    """The block as a span, where the workspace's settings send it."""
    from recto.observability.spans import span
    from recto.workspace.spans import exporting_as

    with exporting_as(workspace.settings), span("promote", scope=scope):
        yield


def _general() -> str:
    from recto.workspace.tables import GENERAL

    return GENERAL


def _number(to: str | None) -> int | None:
    if to is None:
        return None
    if not to.isdecimal() or int(to) < 1:
        raise typer.BadParameter(f"{to!r} is neither the number of a Release nor {BASE}", param_hint="--to")
    return int(to)


def _tell(step: "Promotion") -> None:
    scope = f"for scope {step.scope}"
    if not step.changed:
        typer.echo(f"Release {step.number} is current {scope} already")
    elif step.previous is None:
        typer.echo(f"Release {step.number} is now current {scope}")
    else:
        typer.echo(f"Release {step.number} is now current {scope}, in place of {step.previous}")


def _tell_withdrawn(step: "Promotion", workspace: "Workspace") -> None:
    from recto.registry.store import current

    general = current(workspace, step.scope)
    reads = f"Release {general.number}, the general one" if general else "the base weights"
    if step.changed:
        typer.echo(f"Release {step.previous} isn't current for scope {step.scope} any more; {reads} read now")
    else:
        typer.echo(f"scope {step.scope} has no Release of its own; {reads} read already")


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1))
