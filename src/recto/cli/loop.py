"""`recto loop`: watch the workspace, and run a Cycle whenever one is due."""

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event


@app.command()
def loop(
    *,
    once: Annotated[bool, typer.Option("--once", help="Look once, do what is due, and end.")] = False,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.1, help="Pause between two looks (else the setting's)."),
    ] = None,
    inbox: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Also add what is put into this folder.")
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Watch the workspace and run Cycles: when a Trigger says so, or when somebody asked for one.

    Documents without text are read, validation documents are measured, files in the inbox are added as
    `recto add` would. Each look is a line or more on standard output, if there is something to say. SIGTERM
    and Ctrl-C end it at once; a Cycle under way is interrupted, and the next one goes on with its run. A
    failed Cycle is tried again, after longer and longer pauses. With --once, exit code 1 says that
    something failed.
    """
    from threading import Event

    from recto.retraining.inbox import Inbox
    from recto.retraining.log_lines import write_line
    from recto.retraining.watch import Watch
    from recto.workspace.folder import open_workspace

    path = open_workspace(workspace).path
    watch = Watch(
        path, write_line, stop=Event(), inbox=None if inbox is None else Inbox(inbox), every_s=every
    )
    with _stopped_by_signals(watch.stop):
        well = watch.run(once=once)
    if once and not well:
        raise typer.Exit(1)


@contextmanager
def _stopped_by_signals(stop: "Event") -> "Iterator[None]":
    """SIGTERM and SIGINT set `stop` while the block runs, and nothing else."""
    before = {name: signal.signal(name, lambda *_: stop.set()) for name in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
