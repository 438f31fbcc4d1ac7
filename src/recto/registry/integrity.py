"""Integrity: all that a workspace keeps by its hash, read and compared with it. Nothing is repaired."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from recto.errors import RegistryError
from recto.registry.store import release_folder, releases, verify
from recto.workspace.blobs import blob_fault, blob_path
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow, ReleaseRow


@dataclass(frozen=True, slots=True)
class Damage:
    """A blob or the folder of a Release that isn't as it was, in words that name who misses it."""

    path: Path
    what: str


@dataclass(frozen=True, slots=True)
class Kept:
    """How many files of documents and how many Releases there are."""

    files: int
    releases: int


def kept(workspace: Workspace) -> Kept:
    """What `examine` will look at."""
    with workspace.read() as session:
        files = session.scalar(select(func.count(DocumentRow.sha256.distinct())))
        return Kept(files or 0, session.scalar(select(func.count(ReleaseRow.number))) or 0)


def examine(workspace: Workspace) -> Iterator[Damage | None]:
    """Read each document's file, then each Release: its Damage, or None where it is as it was."""
    for sha256, names in _documents(workspace).items():
        fault = blob_fault(workspace, sha256)
        yield Damage(blob_path(workspace, sha256), f"{fault}: {', '.join(names)}") if fault else None
    for release in releases(workspace):
        try:
            verify(workspace, release)
        except RegistryError as error:
            yield Damage(release_folder(workspace, release), error.what)
        else:
            yield None


def _documents(workspace: Workspace) -> dict[str, list[str]]:
    """Hash → names of the documents that have it."""
    names: dict[str, list[str]] = {}
    with workspace.read() as session:
        wanted = select(DocumentRow.sha256, DocumentRow.name).distinct()
        for sha256, name in session.execute(wanted.order_by(DocumentRow.sha256, DocumentRow.name)):
            names.setdefault(sha256, []).append(name)
    return names
