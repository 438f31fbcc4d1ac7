"""`recto read`: files, folders, globs and PDFs → text, Markdown or JSON, on stdout or in a folder."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app, read_options
from recto.cli.model_option import EngineOption, ModelOption, chosen_weights
from recto.cli.read_format import IN_FOLDERS_ONLY, Format
from recto.cli.workspace_option import OptionalWorkspace
from recto.documents.limits import DEFAULT_DPI, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from recto.cli.read_run import Outcome, Output, Wanted
    from recto.documents.finding import Found
    from recto.engines.engine import Engine

_EXAMPLES = """Examples:

  recto read receipt.jpg                                 JSON Lines on stdout

  recto read receipt.jpg --format text                   the text alone

  recto read scans/ contracts/*.pdf --out read/          a folder of results

  recto read book.pdf --pages 1-20,25 --format markdown

  recto read scans/ --out read/ --format pdf             PDFs that can be searched

  recto read scans/ --out read/ --resume                 go on after a stop
"""


@app.command(epilog=_EXAMPLES)
def read(
    paths: read_options.Paths,
    *,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.JSON,
    out: read_options.Out = None,
    engine: EngineOption = None,
    model: ModelOption = None,
    workspace: OptionalWorkspace = None,
    pages: read_options.Pages = read_options.ALL,
    dpi: read_options.Dpi = DEFAULT_DPI,
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw the boxes on each page as PNG.")] = False,
    resume: read_options.Resume = False,
    max_pixels: read_options.MaxPixels = read_options.MAX_PIXELS,
    max_bytes: read_options.MaxBytes = read_options.MAX_BYTES,
    max_pages: read_options.MaxPages = read_options.MAX_PAGES,
) -> None:
    """Read documents into text with boxes and confidences.

    JPEG, PNG, TIFF, WebP and PDF, told by content. A folder given with --out gets transcripts.jsonl, one
    line per page, and with any other --format a file per document as well: text, Markdown, ALTO, PAGE XML
    (a file per page), hOCR, or a PDF of the pages with their text hidden behind them. What can't be read is
    listed at the end (exit code 1). In a workspace the current Release reads, unless --model says otherwise.
    """
    from recto.cli.read_folder import ReadFolder, check_folder
    from recto.cli.read_outputs import FolderOutput
    from recto.documents.finding import find_documents

    for flag, given in (("--resume", resume), ("--overlay", overlay)):
        if given and out is None:
            raise typer.BadParameter(f"{flag} needs --out DIR")
    if out is None and form in IN_FOLDERS_ONLY:
        raise typer.BadParameter(f"--format {form.value} needs --out DIR")
    wanted = read_options.wanted_of(pages, dpi, Limits(max_bytes, max_pixels, max_pages))
    found = find_documents(paths, leave_out=out)
    weights = chosen_weights(engine, model, workspace)
    if out is None:
        outcome = _to_stdout(weights.load(), found, form, wanted)
    else:
        check_folder(out, resume=resume)
        reader = weights.load()
        with ReadFolder(out, names=frozenset(str(file.path) for file in found.files)) as folder:
            folder.require_same(reader.label, dpi)
            outcome = _to_folder(reader, found, FolderOutput(folder, form, wanted, overlay=overlay), wanted)
    _tell(outcome, found, out)


def _to_stdout(engine: "Engine", found: "Found", form: Format, wanted: "Wanted") -> "Outcome":
    from recto.cli.read_ends import ends_on_stdout
    from recto.cli.read_outputs import StreamOutput

    watched = not sys.stdout.isatty()  # a bar would run through the text
    with ends_on_stdout():
        return _run(engine, found, StreamOutput(form), wanted, watched=watched)


def _to_folder(engine: "Engine", found: "Found", output: "Output", wanted: "Wanted") -> "Outcome":
    from recto.cli.read_ends import ends_in_folder

    with ends_in_folder():
        return _run(engine, found, output, wanted, watched=True)


def _run(engine: "Engine", found: "Found", output: "Output", wanted: "Wanted", *, watched: bool) -> "Outcome":
    from recto.cli.read_progress import shown_progress
    from recto.cli.read_run import read_files

    with shown_progress(len(found.files), watched=watched) as progress:
        return read_files(engine, found.files, output, wanted, progress)


def _tell(outcome: "Outcome", found: "Found", out: "Path | None") -> None:
    """Say on stderr what a run came to. Exits with 1 when something failed."""
    from recto.cli.read_ends import require_pages, tell_failures

    if out is not None:
        before = f" ({outcome.pages_before} were finished before)" if outcome.pages_before else ""
        typer.echo(
            f"{outcome.pages} pages of {outcome.documents} documents read into {out}{before}", err=True
        )
    tell_failures(outcome, found)
    require_pages(outcome)
