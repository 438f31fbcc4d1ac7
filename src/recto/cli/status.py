"""`recto status`: how the loop stands: documents, mix, what each Trigger says, the Release in use."""

from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from recto.retraining.status import ScopeStatus
    from recto.workspace.folder import Workspace


@app.command()
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="First read the validation documents that the model in use hasn't read."
        ),
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show documents by split, the mix, what is new and queued, and what each Trigger says and why.

    Nothing is read or trained by this; `--measure` brings the validation accuracy up to date, which
    `recto loop` does by itself.
    """
    from recto.retraining.status import read_status
    from recto.workspace.folder import open_workspace
    from recto.workspace.utc import now

    opened = open_workspace(workspace)
    if measure:
        _measure(opened)
    found = read_status(opened, now())
    if as_json:
        typer.echo(found.to_json(), nl=False)
        return
    typer.echo(f"workspace {found.workspace}")
    if found.training:
        typer.echo(f"a Cycle is running: {found.training}")
    for scope in found.scopes:
        _print(scope, title=len(found.scopes) > 1)


def _measure(workspace: "Workspace") -> None:
    from recto.cli.data.progress import progress
    from recto.retraining.accuracy import known_accuracy, measure_accuracy
    from recto.retraining.ledger import scopes_of
    from recto.retraining.queue import engine_of

    for scope in scopes_of(workspace.settings):
        missing = known_accuracy(workspace, scope).missing
        if not missing:
            continue
        engine = engine_of(workspace, scope)
        with progress("Reading validation documents", missing) as advance:
            while known_accuracy(workspace, scope).missing:
                measure_accuracy(workspace, scope, engine, lambda done, of: advance())


def _print(scope: "ScopeStatus", *, title: bool) -> None:
    from rich.console import Console
    from rich.markup import escape

    from recto.cli.data.progress import table_width
    from recto.workspace.tables import GENERAL

    console = Console(width=table_width(), highlight=False)
    if title:
        console.print(f"\n[bold]scope {escape(scope.scope)}[/]")
    for line in _lines(scope):
        console.print(escape(line), soft_wrap=True)
    if not _of_fields(scope):
        console.print(_mix(scope))
    console.print(_triggers(scope))
    if any(answer.due for answer in scope.triggers) or scope.requests:
        by_hand = "recto improve" + ("" if scope.scope == GENERAL else f" --scope {scope.scope}")
        console.print(f"A Cycle is due: {escape(by_hand)} runs one, recto loop does it by itself.")


def _lines(scope: "ScopeStatus") -> "Iterator[str]":
    """What is told in sentences: documents, queue, accuracy, Release, last Cycle, requests."""
    splits = ", ".join(f"{name} {scope.documents.get(name, 0)}" for name in ("train", "val", "test"))
    labelled = " with trusted fields" if _of_fields(scope) else ""
    yield f"documents  {splits}{labelled}; {scope.new} new since the last run" + _more(scope)
    if not _of_fields(scope):
        yield from _reading(scope)
    yield f"model      {_model(scope)}"
    if scope.release is not None and scope.release.problem is not None:
        yield f"damaged    {scope.release.problem}; recto releases says what can be done"
    yield f"last cycle {_last(scope)}"
    for reason in scope.requests:
        yield f"asked for  {reason}"


def _of_fields(scope: "ScopeStatus") -> bool:
    from recto.registry.fields_scope import is_of_fields

    return is_of_fields(scope.scope)


def _reading(scope: "ScopeStatus") -> "Iterator[str]":
    """What only loops of models that read have."""
    yield f"queue      {scope.queued} without trusted text, {scope.unread} of them not read yet"
    if scope.failed:
        yield f"failed     {scope.failed} can't be read"
    names = (("not stated" if name == "none" else name, n) for name, n in scope.business.items())
    business = ", ".join(f"{name} {n}" for name, n in names)
    yield f"business   {business or 'none'}"
    known = "not measured"
    if scope.accuracy is not None:
        known = f"{scope.accuracy:.1%} over {scope.accuracy_documents} validation documents"
    missing = f", {scope.accuracy_missing} validation documents not measured yet"
    yield f"accuracy   {known}{missing if scope.accuracy_missing else ''}"


def _more(scope: "ScopeStatus") -> str:
    return f"; {scope.aside} set aside" if scope.aside else ""


def _model(scope: "ScopeStatus") -> str:
    release = scope.release
    if release is None:
        return "not trained" if _of_fields(scope) else "the base weights (no Release yet)"
    if release.mean_f1 is not None:
        rate = f", mean F1 {release.mean_f1:.1%} on test"
    else:
        rate = "" if release.error_rate is None else f", {release.headline} {release.error_rate:.2%} on test"
    whose = f" of scope {release.scope}" if release.scope != scope.scope else ""
    return f"release {release.number}{whose} of {release.created_at:%Y-%m-%d}{rate}"


def _last(scope: "ScopeStatus") -> str:
    cycle = scope.last_cycle
    if cycle is None:
        return "none yet"
    told = f"{cycle.cycle}, {cycle.started_at:%Y-%m-%d %H:%M} UTC, {cycle.state}"
    return f"{told}: {cycle.outcome}" if cycle.outcome else told


def _mix(scope: "ScopeStatus") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table("category", title="balanced" if scope.balanced else "not balanced", title_justify="left")
    for name in ("documents", "share", "wanted"):
        table.add_column(name, justify="right")
    for part in scope.mix:
        wanted = "" if part.wanted is None else f"{part.wanted:.0%}"
        table.add_row(escape(part.category), str(part.documents), f"{part.share:.0%}", wanted)
    return table


def _triggers(scope: "ScopeStatus") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table("trigger", "due", "why")
    for answer in scope.triggers:
        mark = "[green]yes[/]" if answer.due else "no"
        table.add_row(answer.trigger, mark, escape(answer.words))
    return table
