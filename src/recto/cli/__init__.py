"""The command line: one file per verb (parse, call, print). Heavy imports happen inside the verbs."""

import sys

import typer

from recto import __version__
from recto.errors import RectoError

app = typer.Typer(
    name="recto",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Document reading that gets better from its own corrections, on your own machine.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recto {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show version."),
) -> None:
    """Document reading that gets better from its own corrections, on your own machine."""


def main() -> None:
    """Run the command line; errors of ours become a message and exit code 2, never a traceback."""
    from recto.cli import verbs  # noqa: F401  registers every verb on `app`

    try:
        app()
    except RectoError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
