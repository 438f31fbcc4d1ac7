"""`recto history`: the Cycles of a workspace as a table, as JSON, or as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from rich.table import Table

    from recto.retraining.record import CycleRecord, History, Measurement

_COLOURS = {"released": "green", "refused": "yellow", "failed": "red", "interrupted": "red"}


@app.command()
def history(
    *,
    scope: Annotated[str | None, typer.Option(help="Only the loop of this scope.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything that is kept, as JSON.")] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the error rate over the Cycles to this .png or .svg.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show what every Cycle learnt from, measured and took, and why it was released or refused.

    The table and the picture show the figure that the gates judge by (CER, ignoring case where the labels
    know none; of taggers the mean F1 of their fields), of the model in use and of the Cycle's own, on the
    same test documents.
    """
    from recto.registry.promotion import check_scope
    from recto.retraining.history import read_history
    from recto.workspace.folder import open_workspace

    opened = open_workspace(workspace)
    if scope is not None:
        check_scope(opened, scope)
    found = read_history(opened, scope)
    if plot is not None:
        from recto.retraining.history_plot import draw_history

        draw_history(found.cycles, plot, title=opened.path.name)
        typer.echo(f"wrote {plot}", err=True)
    if as_json:
        typer.echo(found.to_json(), nl=False)
    elif plot is None:
        print_history(found)


def print_history(found: "History") -> None:
    """The table, and the reason of the last Cycle."""
    from rich.console import Console
    from rich.markup import escape

    from recto.cli.data.progress import table_width

    console = Console(width=table_width(), highlight=False)
    if not found.cycles:
        console.print("no Cycle yet: recto improve runs one")
        return
    console.print(_table(found))
    last = found.cycles[-1]
    if last.outcome:
        console.print(f"cycle {last.cycle}: {escape(last.outcome)}", soft_wrap=True)


def _table(found: "History") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    scoped = len({cycle.scope for cycle in found.cycles}) > 1
    table = Table("cycle", *(["scope"] if scoped else []), "started (UTC)", "end", "documents")
    for name in ("before", "after", "took", "memory", f"cost ({escape(found.currency)})"):
        table.add_column(name, justify="right", no_wrap=True)
    for cycle in found.cycles:
        table.add_row(
            str(cycle.cycle),
            *([escape(cycle.scope)] if scoped else []),
            f"{cycle.started_at:%Y-%m-%d %H:%M}",
            _end(cycle),
            _documents(cycle),
            _figure(cycle.before),
            _figure(cycle.after),
            "" if cycle.seconds is None else f"{cycle.seconds:.0f} s",
            "" if cycle.peak_memory_mb is None else f"{cycle.peak_memory_mb / 1024:.1f} GiB",
            "" if cycle.cost is None else f"{cycle.cost:.2f}",
        )
    return table


def _figure(measured: "Measurement | None") -> str:
    """An error rate, or a tagger's mean F1, which says so."""
    if measured is None:
        return ""
    return f"{'F1 ' if measured.headline == 'mean_f1' else ''}{measured.score:.2%}"


def _end(cycle: "CycleRecord") -> str:
    colour = _COLOURS.get(cycle.state)
    words = f"release {cycle.release}" if cycle.state == "released" else cycle.state
    failed = [said.gate for said in cycle.verdicts if not said.passed]
    words += f" ({', '.join(failed)})" if failed else ""
    return f"[{colour}]{words}[/]" if colour else words


def _documents(cycle: "CycleRecord") -> str:
    """`train 80, val 10, test 10`."""
    splits = cycle.documents.get("splits")
    if not isinstance(splits, dict):
        return ""
    told = ", ".join(f"{name} {splits[name]}" for name in ("train", "val", "test") if name in splits)
    return told + (" (test mode)" if cycle.documents.get("test_mode") else "")
