"""`recto add`: documents into the workspace, with their text or without."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.data.progress import progress
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from recto.cli.add_words import Addition, QueueRead
    from recto.datasets.corpus.gathering import Filing
    from recto.datasets.problem import Reading
    from recto.workspace.folder import Workspace


@app.command()
def add(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Datasets of any format; images, PDFs, folders of them, globs."),
    ],
    *,
    category: Annotated[
        str | None, typer.Option(help="Category of documents without annotations (default: by their names).")
    ] = None,
    business: Annotated[str | None, typer.Option(help="Business type of documents that name none.")] = None,
    workspace: WorkspaceOption = HERE,
    read: Annotated[
        bool, typer.Option("--read/--no-read", help="Read documents without text with the current model.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Add documents to the workspace: trusted with a text, else queued.

    \b
    recto add my-data            a dataset, with its splits and fields
    recto add scans/             scan_7.txt is the text of scan_7.jpg
    recto add 'in/*.pdf' --category contract --business legal

    A document that is there already is known by its content: only its
    label is brought up to date. One that measures (split test) is never
    trained on. What can't be added is listed, and the rest is added; exit
    code 1 says that there was such a thing, or that the current model
    can't read: then the documents without text stay queued.
    """
    from recto.cli.add_words import QueueRead, addition_json, print_addition, print_reading
    from recto.datasets.corpus import counts
    from recto.datasets.corpus.gathering import Filing
    from recto.workspace.folder import open_workspace

    opened = open_workspace(workspace)
    leave_out = (opened.blobs, opened.runs, opened.releases)
    addition = _add(opened, paths, Filing(category, business, leave_out))
    if not as_json:
        print_addition(addition, counts(opened))
    read_now = _read_queue(opened) if read else QueueRead()
    if as_json:
        typer.echo(json.dumps(addition_json(addition, read_now), ensure_ascii=False, indent=2))
    else:
        print_reading(read_now)
    if addition.refused or read_now.errors:
        raise typer.Exit(1)


def _add(workspace: "Workspace", paths: list[str], filing: "Filing") -> "Addition":
    from recto.cli.add_words import Addition, resembling
    from recto.datasets.corpus import add_examples, categories, examples_of, shares_of
    from recto.datasets.corpus.gathering import gather

    known = categories(workspace) | set(workspace.settings.triggers.mix)
    reading = gather(paths, filing)
    _need_some(reading)
    with progress("Adding documents", len(reading.examples)) as advance:
        shares = shares_of(workspace.settings.split)
        added = add_examples(workspace, reading.examples, shares=shares, on_each=advance)
    refused = [str(problem) for problem in (*reading.problems, *added.refused)]
    new = resembling(categories(workspace) - known, known)
    return Addition(added, examples_of(workspace, added.remeasured), refused, new)


def _need_some(reading: "Reading") -> None:
    """Raise the error of a call that named nothing that could be added."""
    from recto.errors import DatasetError

    if reading.examples:
        return
    listed = "".join(f"\n  {problem}" for problem in reading.problems[:20])
    raise DatasetError(f"there is nothing to add:{listed}", hint="`recto add --help` says what can be added")


def _read_queue(workspace: "Workspace") -> "QueueRead":
    """Read what waits, each scope with its current model; one that can't be used leaves its pages queued."""
    from recto.cli.add_words import QueueRead
    from recto.errors import RectoError
    from recto.retraining.queue import unread
    from recto.workspace.tables import GENERAL

    whole = QueueRead()
    for scope in (GENERAL, *workspace.settings.triggers.scopes):
        waiting = len(unread(workspace, scope))
        if not waiting:
            continue
        try:
            whole += _read_scope(workspace, scope, waiting)
        except RectoError as error:
            whole += QueueRead(waiting=len(unread(workspace, scope)), errors=(str(error),))
    return whole


def _read_scope(workspace: "Workspace", scope: str, waiting: int) -> "QueueRead":
    from recto.cli.add_words import QueueRead
    from recto.retraining.queue import engine_of, read_queue, unread

    done = failed = 0
    engine = engine_of(workspace, scope)
    with progress("Reading those without text", waiting) as advance:
        while unread(workspace, scope):
            told = read_queue(workspace, scope, engine, lambda _: advance())
            done, failed = done + told.read, failed + told.failed
    return QueueRead(done, failed)
