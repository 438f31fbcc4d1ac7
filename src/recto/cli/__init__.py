"""The command line: one file per verb (parse, call, print). Heavy imports happen inside the verbs."""

import os
import sys
from contextlib import suppress

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
    """Run the command line: 0 done, 1 some documents failed, 2 the call can't work; never a traceback.

    A closed pipe ends it as the shell expects (141). What nobody foresaw is said in one line with exit
    code 3; RECTO_TRACEBACK=1 shows where it happened.
    """
    from recto.cli import verbs  # noqa: F401  registers every verb on `app`

    if sys.stdout is None:
        _complain("standard output is closed\n  hint: send it to a file, or to /dev/null")
        sys.exit(2)
    try:
        app()
    except RectoError as error:
        _complain(str(error))
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(141)
    except OSError as error:
        _complain(f"{error.filename or 'standard output'}: {error.strerror or error}\n  hint: check space")
        sys.exit(2)
    except Exception as error:
        if os.environ.get("RECTO_TRACEBACK"):
            raise
        _complain(f"{type(error).__name__}: {error}\n  hint: RECTO_TRACEBACK=1 shows where; please report it")
        sys.exit(3)


def _complain(message: str) -> None:
    """One message on standard error, which may be closed or know little but ASCII."""
    with suppress(OSError, AttributeError):
        encoding = sys.stderr.encoding or "utf-8"
        typer.echo(f"error: {message}".encode(encoding, "backslashreplace").decode(encoding), err=True)
