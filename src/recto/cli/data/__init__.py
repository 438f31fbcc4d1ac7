"""`recto data`: check, split, merge, convert, describe and make datasets; one file per subcommand."""

import typer

from recto.cli import app

data_app = typer.Typer(no_args_is_help=True, help="Check, split, merge, convert, describe and make datasets.")
app.add_typer(data_app, name="data")

from recto.cli.data import check, convert, merge, split, stats, synth  # noqa: E402  each registers itself

__all__ = ["check", "convert", "data_app", "merge", "split", "stats", "synth"]
