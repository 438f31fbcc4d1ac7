"""What `recto train` and `recto improve` share: flags turned into what training takes, and Ctrl-C."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from recto.errors import OutputError, SettingsError

if TYPE_CHECKING:
    from recto.training.recipe import Recipe
    from recto.training.run import Start
    from recto.training.way import Way

STOPPED_BY_CTRL_C = 130  # what shells report for SIGINT


def recipe_by(path: Path | None, changes: dict[str, int | None]) -> "Recipe":
    """The recipe in `path` (or the default one) with what flags change. Raises SettingsError."""
    from recto.training.recipe import changed, default_recipe, load_recipe

    return changed(load_recipe(path) if path else default_recipe(), changes)


def way_by(path: Path | None, changes: dict[str, int | None]) -> "Way":
    """The way of learning of that recipe. Raises SettingsError, SchemaError."""
    from recto.training.way import way_of

    return way_of(recipe_by(path, changes))


def start_of(*, resume: bool, overwrite: bool) -> "Start":
    """What to do with an earlier run. Raises SettingsError for both flags at once."""
    if resume and overwrite:
        raise SettingsError("--resume and --overwrite exclude each other", hint="give one of them")
    return "resume" if resume else "overwrite" if overwrite else "new"


def follows(dataset: Path, way: "Way") -> bool:
    """Whether this is one of several processes, but the first: it takes part until the training is over."""
    from recto.training.ranks import rank

    if not rank():
        return False
    from recto.datasets.loading import load_taught
    from recto.training.train import follow

    follow(load_taught(dataset), way)
    return True


@contextmanager
def resumable(verb: str, dataset: Path, out: Path, flags: Mapping[str, object]) -> Iterator[None]:
    """Ctrl-C ends the block with one line: what is kept, and the command that goes on, with these flags.

    Raises OutputError where only recto writes.
    """
    from recto.training.run import IDENTITY
    from recto.workspace.folder import own_folder

    if own := own_folder(out):
        raise OutputError(f"only recto writes into {own}", where=out, hint="choose another --out")
    try:
        yield
    except KeyboardInterrupt:
        again = command(verb, dataset, flags={"--out": out, "--resume": True, **flags})
        kept = f"what is finished is kept in {out}" if (out / IDENTITY).exists() else "nothing was begun"
        typer.echo(f"stopped; {kept}; this goes on: {again}", err=True)
        raise typer.Exit(STOPPED_BY_CTRL_C) from None


def command(*words: object, flags: Mapping[str, object]) -> str:
    """`recto` with `words` and those of the `flags` that were given (not None or False), for a shell."""
    line = ["recto", *map(str, words)]
    for flag, value in flags.items():
        if value is not None and value is not False:
            line += [flag] if value is True else [flag, str(value)]
    return shlex.join(line)
