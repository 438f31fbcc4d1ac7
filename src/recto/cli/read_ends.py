"""How a run over files ends, for every verb that reads them: closed pipes, Ctrl-C, and what failed.

What is done with the files is the verb's matter; nothing is read here.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from textwrap import indent
from typing import TYPE_CHECKING

import typer

from recto.errors import DocumentNotFound

if TYPE_CHECKING:
    from recto.cli.read_run import Outcome
    from recto.documents.finding import Found

_STOPPED_BY_CTRL_C = 130  # what shells report for SIGINT
_NOBODY_LISTENS = 141  # and for SIGPIPE


@contextmanager
def ends_on_stdout() -> Iterator[None]:
    """Results go to stdout: when its reader leaves (`| head`), or at Ctrl-C, stop without a word."""
    try:
        yield
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # or Python complains when it flushes at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_NOBODY_LISTENS) from None
    except KeyboardInterrupt:
        raise typer.Exit(_STOPPED_BY_CTRL_C) from None


@contextmanager
def ends_in_folder() -> Iterator[None]:
    """Results go to a folder: at Ctrl-C, say that they are kept."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("stopped; what is read is kept, and --resume goes on from there", err=True)
        raise typer.Exit(_STOPPED_BY_CTRL_C) from None


def tell_failures(outcome: "Outcome", found: "Found") -> None:
    """Say on stderr what was left alone and what failed. Exits with 1 when something did."""
    if found.others:
        typer.echo(f"{found.others} other files in these folders left alone", err=True)
    failures = [_missing(path) for path in found.missing] + [failure.error for failure in outcome.failures]
    if not failures:
        return
    failed = len({failure.document for failure in outcome.failures}) + len(found.missing)
    typer.echo(f"{failed} of {len(found.files) + len(found.missing)} documents failed:", err=True)
    for error in failures:
        typer.echo(indent(str(error), "  "), err=True)
    raise typer.Exit(1)


def _missing(path: str) -> DocumentNotFound:
    return DocumentNotFound("there is no such file, and no file matches", where=path, hint="check the path")


def require_pages(outcome: "Outcome") -> None:
    """Raises BadParameter where no document has any of the chosen pages."""
    if not outcome.pages + outcome.pages_before:
        raise typer.BadParameter("no document has any of these pages", param_hint="--pages")
