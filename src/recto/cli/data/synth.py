"""`recto data synth`: make documents with exact text, boxes and fields."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli.data import data_app
from recto.cli.data.progress import progress

if TYPE_CHECKING:
    from recto.datasets.example import Example

KINDS = ("receipt", "invoice", "contract", "tax_form")
LANGUAGES = ("en", "de", "fr", "es")
DEGRADATIONS = ("none", "scan", "photo", "mixed")


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Checks a comma-separated list; typer prints a wrong word as a usage error."""

    def check(value: str) -> str:
        wrong = [word for word in _words(value) if word not in choices]
        if wrong or not _words(value):
            raise typer.BadParameter(f"{', '.join(wrong) or 'nothing'} is none of: {', '.join(choices)}")
        return value

    return check


def _words(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))


@data_app.command()
def synth(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    *,
    count: Annotated[int, typer.Option(min=1, help="How many documents.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same documents.")] = 0,
    kind: Annotated[
        str,
        typer.Option(metavar="KINDS", callback=_one_of(KINDS), help=f"By commas: {', '.join(KINDS)}."),
    ] = ",".join(KINDS),
    language: Annotated[
        str,
        typer.Option(
            metavar="CODES",
            callback=_one_of(LANGUAGES),
            help=f"By commas: {', '.join(LANGUAGES)}.",
        ),
    ] = ",".join(LANGUAGES),
    degradation: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            callback=_one_of(DEGRADATIONS),
            help="none (clean pages), scan, photo, or mixed: one clean page to two scans and two photos.",
        ),
    ] = "mixed",
    hard: Annotated[
        bool,
        typer.Option("--hard", help="Needle-printed English receipts and invoices, three to one."),
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is at DIR.")] = False,
) -> None:
    """Make synthetic documents; their text, boxes and fields are exact.

    All documents of an issuer share its style and stay in one split.
    """
    from recto.datasets.synthesis import Degradation, Kind, Wish, synthesise
    from recto.datasets.synthesis.folder import write_folder

    wish = Wish(
        kinds=tuple(Kind(word) for word in _words(kind)),
        languages=_words(language),
        degradation=Degradation(degradation),
        hard=hard,
    )
    examples = synthesise(count, seed, wish)
    with progress("Making documents", count) as advance:
        write_folder(_counted(examples, advance), out, replace_existing=replace)
    typer.echo(f"{count} documents → {out}")


def _counted(examples: "Iterable[Example]", advance: Callable[[], None]) -> "Iterator[Example]":
    for example in examples:
        yield example
        advance()
