"""`--model DIR_OR_RELEASE`: a model folder, a Release of the workspace, or the base weights.

Where it is left out, the workspace's current Release reads, and stderr says so. Outside a workspace nothing
of this matters: `--model` is a folder.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recto.engines.engine import Engine
    from recto.registry.release import Release
    from recto.workspace.folder import Workspace

ModelOption = Annotated[
    str | None,
    typer.Option(
        metavar="DIR_OR_RELEASE",
        help="Model folder, or in a workspace a Release: 3, current (if left out), current:SCOPE, base.",
    ),
]

_RELEASE = re.compile(r"base|current(?::(?P<scope>.+))?|0*(?P<number>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class Weights:
    """What an engine reads with: `folder`, or `release` of `workspace`, or neither: its base weights."""

    folder: Path | None = None
    release: "Release | None" = None
    workspace: "Workspace | None" = None

    def load(self, engine: str) -> "Engine":
        """The engine called `engine` with these weights; with a Release, its Transcripts name it."""
        from recto.engines.catalog import load
        from recto.errors import EngineError

        if self.release is None or self.workspace is None:
            return load(engine, model=self.folder)
        from recto.registry.reading import load_release

        if self.release.engine != engine:
            raise EngineError(
                f"Release {self.release.number} is made for engine {self.release.engine!r}, not {engine!r}",
                hint=f"--engine {self.release.engine}, or --model base",
            )
        return load_release(self.workspace, self.release)

    def __str__(self) -> str:
        """As a Report names it."""
        return f"release {self.release.number}" if self.release else str(self.folder or "base")


def chosen_weights(engine: str, model: str | None, workspace: Path | None) -> Weights:
    """What --model says; where it is left out, the current general Release of the workspace, if there is one.

    `workspace` is what --workspace says. Raises RegistryError for a Release that isn't there, and what
    opening the workspace raises.
    """
    from recto.settings import nearest_workspace

    start = workspace or nearest_workspace(Path())
    if model is None:
        return _current(engine, start)
    word = _RELEASE.fullmatch(model)
    if word is None or (start is None and Path(model).is_dir()):
        return Weights(folder=Path(model))
    if model == "base":
        return Weights()
    return _of_release(model, start, word["scope"], word["number"])


def _current(engine: str, start: Path | None) -> Weights:
    """The current general Release, told on stderr; base weights where there is none, told as well.

    Silently base weights outside a workspace, and where the Release is made for another engine than `engine`.
    """
    from recto.engines.catalog import FINE_TUNABLE

    if start is None or engine not in FINE_TUNABLE:
        return Weights()
    from recto.registry.store import current
    from recto.workspace.folder import open_workspace
    from recto.workspace.tables import GENERAL

    workspace = open_workspace(start)
    release = current(workspace, GENERAL)
    if release is None:
        typer.echo(f"no Release is current in {workspace.path}: reading with the base model", err=True)
        return Weights()
    if release.engine != engine:
        return Weights()
    _tell(release)
    return Weights(release=release, workspace=workspace)


def _of_release(model: str, start: Path | None, scope: str | None, number: str | None) -> Weights:
    from recto.errors import RegistryError
    from recto.registry.promotion import check_scope
    from recto.registry.store import current
    from recto.registry.store import release as numbered
    from recto.workspace.folder import open_workspace
    from recto.workspace.tables import GENERAL

    if start is None:
        raise RegistryError(
            f"--model {model} is a Release of a workspace, and there is none here",
            where=Path.cwd(),
            hint=f"go into one or name it with --workspace; a folder of that name is ./{model}",
        )
    workspace = open_workspace(start)
    if number is not None:
        return Weights(release=numbered(workspace, int(number)), workspace=workspace)
    wanted = scope or GENERAL
    check_scope(workspace, wanted)
    release = current(workspace, wanted)
    if release is None:
        raise RegistryError(
            f"no Release is current for scope {wanted!r}",
            where=workspace.path,
            hint="recto releases shows what there is; --model base reads with the base weights",
        )
    _tell(release)
    return Weights(release=release, workspace=workspace)


def _tell(release: "Release") -> None:
    """Which Release it came to be, on stderr: results go to stdout."""
    from recto.cli.releases_table import figures

    typer.echo(f"reading with Release {release.number} ({release.scope}: {figures(release)})", err=True)
