"""`recto read`: files, folders, globs and PDFs → text, Markdown or JSON, on stdout or in a folder."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.model_option import EngineOption, ModelOption, chosen_weights
from recto.cli.read_format import Format
from recto.cli.workspace_option import OptionalWorkspace
from recto.documents.limits import DEFAULT_DPI, DEFAULT_LIMITS, Limits, check_dpi
from recto.errors import DocumentNotFound

if TYPE_CHECKING:
    from recto.cli.page_selection import PageSelection
    from recto.cli.read_outputs import FolderOutput
    from recto.cli.read_run import Outcome, Output, Wanted
    from recto.documents.finding import Found
    from recto.engines.engine import Engine

_STOPPED_BY_CTRL_C = 130  # what shells report for SIGINT
_NOBODY_LISTENS = 141  # and for SIGPIPE

_EXAMPLES = """Examples:

  recto read receipt.jpg                                 JSON Lines on stdout

  recto read receipt.jpg --format text                   the text alone

  recto read scans/ contracts/*.pdf --out read/          a folder of results

  recto read book.pdf --pages 1-20,25 --format markdown

  recto read scans/ --out read/ --resume                 go on after a stop
"""


@app.command(epilog=_EXAMPLES)
def read(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders or globs.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.JSON,
    out: Annotated[
        Path | None, typer.Option(help="New folder for the results; without it they go to stdout.")
    ] = None,
    engine: EngineOption = None,
    model: ModelOption = None,
    workspace: OptionalWorkspace = None,
    pages: Annotated[str, typer.Option(help="Pages of each document: 1-3,7,10-.")] = "1-",
    dpi: Annotated[float, typer.Option(help="Resolution at which PDF pages are rendered.")] = DEFAULT_DPI,
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw the boxes on each page as PNG.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Skip the pages that --out has already.")] = False,
    max_pixels: Annotated[int, typer.Option(help="Largest page in pixels.")] = DEFAULT_LIMITS.max_pixels,
    max_bytes: Annotated[int, typer.Option(help="Largest file in bytes.")] = DEFAULT_LIMITS.max_bytes,
    max_pages: Annotated[int, typer.Option(help="Largest document in pages.")] = DEFAULT_LIMITS.max_pages,
) -> None:
    """Read documents into text with boxes and confidences.

    JPEG, PNG, TIFF, WebP and PDF, told by content. A folder given with --out gets transcripts.jsonl, one
    line per page, and with --format text or markdown a file per document as well. What can't be read is
    listed at the end (exit code 1). In a workspace the current Release reads, unless --model says otherwise.
    """
    from recto.cli.read_outputs import FolderOutput, check_folder
    from recto.cli.read_run import Wanted
    from recto.documents.finding import find_documents

    for flag, given in (("--resume", resume), ("--overlay", overlay)):
        if given and out is None:
            raise typer.BadParameter(f"{flag} needs --out DIR")
    wanted = Wanted(_selection(pages), Limits(max_bytes, max_pixels, max_pages), dpi)
    check_dpi(dpi)
    found = find_documents(paths, leave_out=out)
    weights = chosen_weights(engine, model, workspace)
    if out is None:
        outcome = _to_stdout(weights.load(), found, form, wanted)
    else:
        check_folder(out, resume=resume)
        reader = weights.load()
        names = frozenset(str(file.path) for file in found.files)
        with FolderOutput(out, form, wanted, names=names, overlay=overlay) as folder:
            folder.require_same(reader.label, dpi)
            outcome = _to_folder(reader, found, folder, wanted)
    _tell(outcome, found, out)


def _selection(text: str) -> "PageSelection":
    from recto.cli.page_selection import parse_pages

    try:
        return parse_pages(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--pages") from None


def _to_stdout(engine: "Engine", found: "Found", form: Format, wanted: "Wanted") -> "Outcome":
    """Read to stdout; when its reader leaves (`| head`), stop without a word."""
    from recto.cli.read_outputs import StreamOutput

    watched = not sys.stdout.isatty()  # a bar would run through the text
    try:
        return _run(engine, found, StreamOutput(form), wanted, watched=watched)
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # or Python complains when it flushes at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_NOBODY_LISTENS) from None
    except KeyboardInterrupt:
        raise typer.Exit(_STOPPED_BY_CTRL_C) from None


def _to_folder(engine: "Engine", found: "Found", folder: "FolderOutput", wanted: "Wanted") -> "Outcome":
    try:
        return _run(engine, found, folder, wanted, watched=True)
    except KeyboardInterrupt:
        typer.echo("stopped; what is read is kept, and --resume goes on from there", err=True)
        raise typer.Exit(_STOPPED_BY_CTRL_C) from None


def _run(engine: "Engine", found: "Found", output: "Output", wanted: "Wanted", *, watched: bool) -> "Outcome":
    from recto.cli.read_progress import shown_progress
    from recto.cli.read_run import read_files

    with shown_progress(len(found.files), watched=watched) as progress:
        return read_files(engine, found.files, output, wanted, progress)


def _tell(outcome: "Outcome", found: "Found", out: Path | None) -> None:
    """Say on stderr what a run came to. Exits with 1 when something failed."""
    if out is not None:
        before = f" ({outcome.pages_before} were finished before)" if outcome.pages_before else ""
        typer.echo(
            f"{outcome.pages} pages of {outcome.documents} documents read into {out}{before}", err=True
        )
    if found.others:
        typer.echo(f"{found.others} other files in these folders left alone", err=True)
    failures = [_missing(path) for path in found.missing] + [failure.error for failure in outcome.failures]
    if failures:
        failed = len({failure.document for failure in outcome.failures}) + len(found.missing)
        typer.echo(f"{failed} of {len(found.files) + len(found.missing)} documents failed:", err=True)
        for error in failures:
            typer.echo(indent(str(error), "  "), err=True)
        raise typer.Exit(1)
    if not outcome.pages + outcome.pages_before:
        raise typer.BadParameter("no document has any of these pages", param_hint="--pages")


def _missing(path: str) -> DocumentNotFound:
    return DocumentNotFound("there is no such file, and no file matches", where=path, hint="check the path")
