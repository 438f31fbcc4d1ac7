"""`recto extract`: files, folders, globs, PDFs and texts → typed fields with their confidence and place."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app, read_options
from recto.cli.extract_format import AnswerFormat
from recto.cli.extractor_option import (
    Asked,
    ExtractorName,
    ExtractorOption,
    ReadWithOption,
    SchemaOption,
    TaggerOption,
    told_extractor,
)
from recto.cli.model_option import EngineOption
from recto.cli.workspace_option import OptionalWorkspace
from recto.documents.limits import DEFAULT_DPI, Limits

if TYPE_CHECKING:
    from pathlib import Path

    from recto.cli.extract_answers import Answers, Extracting
    from recto.cli.read_run import Outcome, Output, Wanted
    from recto.documents.finding import Found, FoundFile
    from recto.engines.engine import Engine

_MAX_LINES = 20_000  # some 400 full pages

_EXAMPLES = """Examples:

  recto extract invoice.pdf --schema invoice             JSON Lines on stdout

  recto extract receipt.jpg --schema receipt --format table

  recto extract scans/ --schema receipt --model tagger/ --out fields/

  recto extract scans/ --schema receipt --out fields/ --resume

  recto extract letter.pdf --schema wanted.json --extractor text

  recto extract letter.pdf --schema wanted.json --extractor vision

  recto extract read/transcripts.jsonl notes/*.txt --schema wanted.json

  recto extract --schemas                                the built-in schemas
"""


def _list_schemas(wanted: bool) -> None:
    if not wanted:
        return
    from rich.console import Console

    from recto.cli.extract_table import schema_table
    from recto.extraction.loading import load_schema
    from recto.extraction.schema import BUILT_IN

    console = Console()
    for name in BUILT_IN:
        console.print(schema_table(load_schema(name)))
    raise typer.Exit


@app.command(epilog=_EXAMPLES)
def extract(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files, folders or globs; also .txt and transcripts.jsonl."),
    ],
    *,
    schema: SchemaOption = None,
    model: TaggerOption = None,
    extractor: ExtractorOption = ExtractorName.AUTO,
    form: Annotated[
        AnswerFormat, typer.Option("--format", help="What to print; files are JSON.")
    ] = AnswerFormat.JSON,
    out: read_options.Out = None,
    engine: EngineOption = None,
    read_with: ReadWithOption = None,
    workspace: OptionalWorkspace = None,
    pages: read_options.Pages = read_options.ALL,
    dpi: read_options.Dpi = DEFAULT_DPI,
    resume: read_options.Resume = False,
    max_pixels: read_options.MaxPixels = read_options.MAX_PIXELS,
    max_bytes: read_options.MaxBytes = read_options.MAX_BYTES,
    max_pages: read_options.MaxPages = read_options.MAX_PAGES,
    max_lines: Annotated[int, typer.Option(min=1, help="Largest document in lines of text.")] = _MAX_LINES,
    schemas: Annotated[
        bool,
        typer.Option("--schemas", callback=_list_schemas, is_eager=True, help="Show the built-in schemas."),
    ] = False,
) -> None:
    """Extract typed fields from documents, each with its confidence and its place on the page.

    One answer per document says what was found and by which extractor, what is missing, and what checks say.
    A folder given with --out gets NAME.fields.json for each document, and transcripts.jsonl; --resume reads
    no page twice, and extracts anew. Documents that can't be read are listed at the end (exit code 1).
    """
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out DIR")
    if out is not None and form is AnswerFormat.TABLE:
        raise typer.BadParameter("tables go to stdout: leave --out away", param_hint="--format")
    from recto.cli.extract_answers import Extracting
    from recto.cli.extract_pages import OpenedAgain
    from recto.cli.extract_texts import is_text
    from recto.documents.finding import find_documents

    wanted = read_options.wanted_of(pages, dpi, Limits(max_bytes, max_pixels, max_pages))
    asked = Asked(schema, model, extractor, workspace, OpenedAgain(wanted))
    extracting = Extracting(told_extractor(asked), max_lines)
    found = find_documents(paths, leave_out=out)
    texts = tuple(file for file in found.files if is_text(file))
    documents = tuple(file for file in found.files if file not in texts)
    reader = _reader(engine, read_with, workspace) if documents else None
    work = Work(texts, documents, reader, extracting, wanted)
    outcome = _to_stdout(work, form) if out is None else _to_folder(work, out, resume=resume)
    _tell(outcome, found, out)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done: texts, documents with what reads them (None where there are none), and the rest."""

    texts: "tuple[FoundFile, ...]"
    documents: "tuple[FoundFile, ...]"
    reader: "Engine | None"
    extracting: "Extracting"
    wanted: "Wanted"

    def run(self, output: "Output", answers: "Answers", *, watched: bool) -> "Outcome":
        """Texts first, which take no reading; then the documents."""
        from recto.cli.extract_texts import extract_texts
        from recto.cli.read_progress import shown_progress
        from recto.cli.read_run import read_files

        outcome = extract_texts(self.texts, self.extracting, answers, self.wanted)
        if self.reader is None:
            return outcome
        with shown_progress(len(self.documents), watched=watched) as progress:
            return outcome + read_files(self.reader, self.documents, output, self.wanted, progress)


def _reader(engine: str | None, model: str | None, workspace: "Path | None") -> "Engine":
    from recto.cli.model_option import chosen_weights

    return chosen_weights(engine, model, workspace).load()


def _to_stdout(work: Work, form: AnswerFormat) -> "Outcome":
    from recto.cli.extract_answers import PrintedAnswers
    from recto.cli.extract_outputs import StreamExtraction
    from recto.cli.read_ends import ends_on_stdout

    answers = PrintedAnswers(form)
    with ends_on_stdout():
        output = StreamExtraction(work.extracting, answers)
        return work.run(output, answers, watched=not sys.stdout.isatty())


def _to_folder(work: Work, out: "Path", *, resume: bool) -> "Outcome":
    from recto.cli.extract_answers import FolderAnswers
    from recto.cli.extract_outputs import FolderExtraction
    from recto.cli.read_ends import ends_in_folder
    from recto.cli.read_folder import ReadFolder, check_folder

    check_folder(out, resume=resume)
    with ReadFolder(out, names=frozenset(str(file.path) for file in work.documents)) as folder:
        if work.reader is not None:
            folder.require_same(work.reader.label, work.wanted.dpi)
        answers = FolderAnswers(folder)
        with ends_in_folder():
            return work.run(FolderExtraction(folder, work.extracting, answers), answers, watched=True)


def _tell(outcome: "Outcome", found: "Found", out: "Path | None") -> None:
    """Say on stderr what a run came to. Exits with 1 when something failed."""
    from recto.cli.read_ends import require_pages, tell_failures

    if out is not None:
        before = f" ({outcome.pages_before} were read before)" if outcome.pages_before else ""
        typer.echo(f"{outcome.pages} pages{before}: fields are in {out}", err=True)
    tell_failures(outcome, found)
    require_pages(outcome)
