"""`recto data synth`: make documents with exact text, boxes and fields."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from recto.cli.data import data_app
from recto.cli.data.progress import progress

if TYPE_CHECKING:
    from recto.datasets.example import Example


class KindChoice(StrEnum):
    """What to make."""

    RECEIPT = "receipt"
    INVOICE = "invoice"
    MIXED = "mixed"


@data_app.command()
def synth(
    out: Path = typer.Argument(..., metavar="DIR", help="The folder to write."),
    count: int = typer.Option(100, min=1, help="How many documents."),
    seed: int = typer.Option(0, min=0, help="The same seed makes the same documents."),
    kind: KindChoice = typer.Option(KindChoice.MIXED, help="Mixed is three receipts to one invoice."),
    replace: bool = typer.Option(False, "--replace", help="Replace what is at DIR."),
) -> None:
    """Make synthetic receipts and invoices, hard to read; text, boxes and fields are exact.

    All documents of a vendor share its style and stay in one split.
    """
    from recto.datasets.synthesis import Kind, synthesise
    from recto.datasets.synthesis.folder import write_folder

    examples = synthesise(count, seed, kind=None if kind is KindChoice.MIXED else Kind(kind.value))
    with progress("Making documents", count) as advance:
        write_folder(_counted(examples, advance), out, replace_existing=replace)
    typer.echo(f"{count} documents → {out}")


def _counted(examples: "Iterable[Example]", advance: Callable[[], None]) -> "Iterator[Example]":
    for example in examples:
        yield example
        advance()
