"""The workspace's folder: made by `recto init`, found from any folder inside it.

recto.toml   settings; a folder that holds one is a workspace
recto.db     the database (SQLite), unless recto.toml names another
blobs/       documents by content hash
runs/        one folder per training run
releases/    one folder per Release
jobs/        documents of jobs that `recto serve` hasn't ended yet
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from recto.documents.replacing import replace_file
from recto.errors import WorkspaceError
from recto.settings import FILE_NAME, Settings, default_toml, load_settings, nearest_workspace
from recto.workspace.database import connect, is_empty, migrate, reading, shown, writing

FOLDERS = ("blobs", "runs", "releases", "jobs")
"""What recto alone writes into."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """An open workspace. Nothing has to be closed: each transaction connects for itself."""

    path: Path
    settings: Settings
    sessions: sessionmaker[Session] = field(repr=False)

    @property
    def blobs(self) -> Path:
        """Documents by content hash (`workspace/blobs`)."""
        return self.path / "blobs"

    @property
    def runs(self) -> Path:
        """One folder per Run."""
        return self.path / "runs"

    @property
    def releases(self) -> Path:
        """One folder per Release."""
        return self.path / "releases"

    @property
    def jobs(self) -> Path:
        """One folder per job whose documents are still needed."""
        return self.path / "jobs"

    def transaction(self) -> AbstractContextManager[Session]:
        """`with workspace.transaction() as session:` keeps all changes, or none if an error leaves the block.

        One writer at a time: others wait for a minute, then raise WorkspaceBusy. Keep the block short.
        """
        return writing(self.sessions)

    def read(self) -> AbstractContextManager[Session]:
        """`with workspace.read() as session:` is for queries: one state of the database, without waiting."""
        return reading(self.sessions)


def create_workspace(path: Path) -> Workspace:
    """Make `path` a workspace (other files in it stay) and open it.

    Raises WorkspaceError where there is one already, in what another one keeps for itself, or where no folder
    can be made.
    """
    if (path / FILE_NAME).exists():
        raise WorkspaceError("this is a workspace already", where=path, hint="--exist-ok leaves it as it is")
    if kept := own_folder(path):
        raise WorkspaceError(f"only recto writes into {kept}", where=path, hint="choose another folder")
    try:
        for name in FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"can't become a workspace: {error.strerror}", where=path, hint="choose another folder"
        ) from None
    replace_file(path / FILE_NAME, default_toml().encode("utf-8"))  # last: without it there is no workspace
    return _open(path.resolve())


def open_workspace(path: Path) -> Workspace:
    """The workspace at `path` or the nearest above it, its database brought up to date.

    Raises WorkspaceError where there is none, or its database is lost; SettingsError for mistakes in
    recto.toml.
    """
    folder = nearest_workspace(path)
    if folder is None:
        raise WorkspaceError(
            "there is no workspace here, nor in any folder above",
            where=path.resolve(),
            hint="`recto init` makes one",
        )
    return _open(folder)


def own_folder(path: Path) -> Path | None:
    """The folder around `path` (or `path` itself) that recto keeps for itself in a workspace; else None."""
    place = path.resolve()
    return next(
        (
            folder
            for folder in (place, *place.parents)
            if folder.name in FOLDERS and (folder.parent / FILE_NAME).is_file()
        ),
        None,
    )


def _open(folder: Path) -> Workspace:
    settings = load_settings(folder)
    engine = connect(settings.workspace.database, folder)
    _check_not_lost(engine, folder)
    migrate(engine)
    for name in FOLDERS:  # a copy of the workspace may have lost empty ones
        (folder / name).mkdir(exist_ok=True)
    return Workspace(folder, settings, sessionmaker(engine, expire_on_commit=False))


def _check_not_lost(engine: Engine, folder: Path) -> None:
    """Nothing comes into the folders before the database: without it, they are of one that is lost.

    The folders are looked at first, since another process may open a new workspace just now.
    """
    used = [f"{name}/" for name in FOLDERS if _is_used(folder / name)]
    if used and is_empty(engine):
        raise WorkspaceError(
            f"the database is missing or empty, and nothing else knows what is in {', '.join(used)}",
            where=shown(engine),
            hint="restore it from a backup, or name the right `database` in recto.toml; "
            f"to start anew, move {', '.join(used)} away",
        )


def _is_used(folder: Path) -> bool:
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
