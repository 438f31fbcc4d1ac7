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

EngineOption = Annotated[str | None, typer.Option(help="Engine that reads (the one of --model, else ppocr).")]
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
    """What `engine` reads with: `folder`, or `release` of `workspace`, or neither: its base weights.

    `at` is where settings are looked for: the workspace at or above it.
    """

    engine: str
    folder: Path | None = None
    release: "Release | None" = None
    workspace: "Workspace | None" = None
    at: Path = Path()

    def load(self) -> "Engine":
        """The engine with these weights; with a Release, its Transcripts name it."""
        from recto.engines.catalog import WITH_SETTINGS, load
        from recto.errors import EngineError
        from recto.settings import settings_here

        if self.release is None or self.workspace is None:
            settings = settings_here(self.at) if self.engine in WITH_SETTINGS else None
            return load(self.engine, model=self.folder, settings=settings)
        from recto.registry.reading import load_release

        made_for, number = self.release.engine, self.release.number
        if made_for != self.engine:
            raise EngineError(
                f"Release {number} is made for engine {made_for!r}, not {self.engine!r}",
                hint=f"--engine {made_for}, or --model base",
            )
        return load_release(self.workspace, self.release)

    def path(self) -> Path:
        """The model folder, of a Release checked just now. Raises ModelFolderError for base weights."""
        from recto.errors import ModelFolderError
        from recto.registry.store import model_path

        if self.release is not None and self.workspace is not None:
            return model_path(self.workspace, self.release)
        if self.folder is None:
            raise ModelFolderError("base weights are no model folder", hint="name a folder, or a Release")
        return self.folder

    def __str__(self) -> str:
        """As a Report names it."""
        return f"release {self.release.number}" if self.release else str(self.folder or "base")


def chosen_weights(engine: str | None, model: str | None, workspace: Path | None) -> Weights:
    """What --model says; where it is left out, the current general Release of the workspace, if there is one.

    `engine` is what --engine says; where that is left out, it is the one that the model folder or Release is
    made for, and else the default. `workspace` is what --workspace says. Raises RegistryError for a Release
    that isn't there, ModelFolderError for a folder that is none, and what opening the workspace raises.
    """
    from recto.engines.catalog import DEFAULT_ENGINE
    from recto.settings import nearest_workspace

    start = workspace or nearest_workspace(Path())
    if model is None:
        return _current(engine, start)
    word = _RELEASE.fullmatch(model)
    if word is None or (start is None and Path(model).is_dir()):
        return _of_folder(engine, Path(model), start)
    if model == "base":
        return Weights(engine or DEFAULT_ENGINE, at=start or Path())
    return _of_release(engine, start, word)


def _of_folder(engine: str | None, folder: Path, start: Path | None) -> Weights:
    from recto.engines.model_folder import engine_of

    return Weights(engine or engine_of(folder), folder=folder, at=start or Path())


def _current(engine: str | None, start: Path | None) -> Weights:
    """The current general Release, told on stderr; base weights where there is none, told as well.

    Silently base weights outside a workspace, and where the Release is made for another engine than `engine`.
    """
    from recto.engines.catalog import DEFAULT_ENGINE, FINE_TUNABLE

    base = Weights(engine or DEFAULT_ENGINE, at=start or Path())
    if start is None or base.engine not in FINE_TUNABLE:
        return base
    from recto.registry.store import current
    from recto.workspace.folder import open_workspace
    from recto.workspace.tables import GENERAL

    workspace = open_workspace(start)
    release = current(workspace, GENERAL)
    if release is None:
        typer.echo(f"no Release is current in {workspace.path}: reading with the base model", err=True)
        return base
    if engine not in (None, release.engine):
        return base
    _tell(release)
    return Weights(release.engine, release=release, workspace=workspace)


def _of_release(engine: str | None, start: Path | None, word: "re.Match[str]") -> Weights:
    from recto.errors import RegistryError
    from recto.registry.promotion import check_scope
    from recto.registry.store import current
    from recto.registry.store import release as numbered
    from recto.workspace.folder import open_workspace
    from recto.workspace.tables import GENERAL

    if start is None:
        raise RegistryError(
            f"--model {word[0]} is a Release of a workspace, and there is none here",
            where=Path.cwd(),
            hint=f"go into one or name it with --workspace; a folder of that name is ./{word[0]}",
        )
    workspace = open_workspace(start)
    if word["number"] is not None:
        release = numbered(workspace, int(word["number"]))
        return Weights(engine or release.engine, release=release, workspace=workspace)
    wanted = word["scope"] or GENERAL
    check_scope(workspace, wanted)
    found = current(workspace, wanted)
    if found is None:
        raise RegistryError(
            f"no Release is current for scope {wanted!r}",
            where=workspace.path,
            hint="recto releases shows what there is; --model base reads with the base weights",
        )
    _tell(found)
    return Weights(engine or found.engine, release=found, workspace=workspace)


def _tell(release: "Release") -> None:
    """Which Release it came to be, on stderr: results go to stdout."""
    from recto.cli.releases_table import figures

    typer.echo(f"reading with Release {release.number} ({release.scope}: {figures(release)})", err=True)
