"""`recto corrections`: what people changed, how well the model reads by it, and both queues as files."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from recto.corrections.estimate import Estimate

corrections_app = typer.Typer(help="What people changed, and how well the model reads by it.")
app.add_typer(corrections_app, name="corrections")


@corrections_app.callback(invoke_without_command=True)
def _corrections(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say how much waits and was corrected, and how well the model reads.

    How well it reads is told by the pages that the queue drew at random,
    and by these alone: the others were chosen since they are doubtful.
    """
    if context.invoked_subcommand is not None:
        source = context.get_parameter_source("workspace")
        if as_json or (source is not None and source.name == "COMMANDLINE"):
            raise typer.BadParameter(
                f"give flags after the subcommand: recto corrections {context.invoked_subcommand} …"
            )
        return
    from recto.corrections.estimate import estimates
    from recto.corrections.queue import queue
    from recto.corrections.store import corrections
    from recto.workspace.folder import open_workspace

    opened = open_workspace(workspace)
    waiting, made, found = len(queue(opened)), len(corrections(opened)), estimates(opened)
    if as_json:
        told = {"waiting": waiting, "corrections": made, "estimates": [asdict(one) for one in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    typer.echo(
        f"waiting for a person: {_counted(waiting, 'page')}; made so far: {_counted(made, 'correction')}"
    )
    for estimate in found:
        typer.echo(_in_words(estimate))
    if not found:
        typer.echo(
            "no page that was drawn at random is corrected yet: nothing tells how well the model reads"
        )


@corrections_app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the two files go; made if need be.")],
    *,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write training_queue.jsonl and extraction_training_queue.jsonl.

    For programs outside: recto's own Cycles use corrections without it.
    What models may not see is left out; earlier files are replaced.
    """
    from recto.corrections.export import EXTRACTION, TRAINING
    from recto.corrections.export import export as write
    from recto.workspace.folder import open_workspace

    done = write(open_workspace(workspace), folder)
    typer.echo(f"{folder / TRAINING}: {_counted(done.pages, 'page')}")
    typer.echo(f"{folder / EXTRACTION}: {_counted(done.extractions, 'document')}")


@corrections_app.command()
def undo(
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Whose corrections.")],
    since: Annotated[
        datetime,
        typer.Option(
            "--since",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            help="Those saved then or later, in UTC.",
        ),
    ],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Take back all that one person saved since a time, as when a batch of wrong texts came in.

    What somebody else saved on top stays, and is told.
    """
    from recto.corrections.undoing import undo_all_by
    from recto.workspace.folder import open_workspace

    done = undo_all_by(open_workspace(workspace), by, since.replace(tzinfo=UTC), by="local")
    typer.echo(f"taken back: {_counted(done.corrections, 'correction')} by {by}")
    for place in done.left:
        typer.echo(f"left, since somebody else saved on top: {place}")


@corrections_app.command()
def calibration(
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write calibration.html and calibration.json there."),
    ] = None,
    right: Annotated[
        list[float],
        typer.Option("--right", min=50, max=99.999, help="So many % of what is accepted be right."),
    ] = [95.0, 99.0, 99.5],  # noqa: B006 - typer reads it and never changes it
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say what confidences mean, and what can be accepted without a person.

    By people's corrections, for each Release by itself; cross-validated over
    documents. With too few of them it says so.
    """
    from recto.cli.calibration_table import calibration_rows
    from recto.corrections.calibration.page import write_calibration
    from recto.corrections.calibration.report import report, report_json
    from recto.workspace.folder import open_workspace

    found = report(open_workspace(workspace), [share / 100 for share in right])
    written = () if out is None else write_calibration(found, out)
    if as_json:
        typer.echo(report_json(found), nl=False)
        return
    for row in calibration_rows(found):
        typer.echo(row)
    for path in written:
        typer.echo(f"written: {path}")


def _in_words(estimate: "Estimate") -> str:
    release = "base weights" if estimate.release is None else f"Release {estimate.release}"
    between = ""
    if estimate.low is not None and estimate.high is not None:
        between = f" (95 %: {estimate.low:.2%} to {estimate.high:.2%})"
    pages = _counted(estimate.pages, "page")
    return f"{estimate.engine}, {release}: CER {estimate.cer:.2%}{between}, over {pages} at random"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
