"""Flags that every verb which reads files has: which pages, at which resolution, and how large at most."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.documents.limits import DEFAULT_LIMITS, Limits, check_dpi

if TYPE_CHECKING:
    from recto.cli.page_selection import PageSelection
    from recto.cli.read_run import Wanted

Paths = Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders or globs.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="New folder for the results; without it they go to stdout.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Skip the pages that --out has already.")]
Pages = Annotated[str, typer.Option("--pages", help="Pages of each document: 1-3,7,10-.")]
Dpi = Annotated[float, typer.Option("--dpi", help="Resolution at which PDF pages are rendered.")]
MaxPixels = Annotated[int, typer.Option("--max-pixels", help="Largest page in pixels.")]
MaxBytes = Annotated[int, typer.Option("--max-bytes", help="Largest file in bytes.")]
MaxPages = Annotated[int, typer.Option("--max-pages", help="Largest document in pages.")]

ALL = "1-"
MAX_PIXELS, MAX_BYTES, MAX_PAGES = (
    DEFAULT_LIMITS.max_pixels,
    DEFAULT_LIMITS.max_bytes,
    DEFAULT_LIMITS.max_pages,
)


def wanted_of(pages: str, dpi: float, limits: Limits) -> "Wanted":
    """How the documents are opened. Raises BadParameter, SettingsError."""
    from recto.cli.read_run import Wanted

    wanted = Wanted(_selection(pages), limits, dpi)
    check_dpi(dpi)
    return wanted


def _selection(text: str) -> "PageSelection":
    from recto.cli.page_selection import parse_pages

    try:
        return parse_pages(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--pages") from None
