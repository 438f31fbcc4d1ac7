"""Reading with a Release: its engine, checked before it loads, whose Transcripts name the Release."""

from collections.abc import Sequence
from dataclasses import replace

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.errors import RegistryError
from recto.registry.fields_scope import FIND_FIELDS
from recto.registry.release import Release
from recto.registry.store import model_path
from recto.workspace.folder import Workspace


def load_release(workspace: Workspace, release: Release) -> Engine:
    """The engine that reads with `release`.

    Raises RegistryError where its files aren't what was measured, and for one that finds fields.
    """
    if release.engine in FIND_FIELDS:
        hint = "recto extract uses it; recto releases shows which Releases read"
        raise RegistryError(f"Release {release.number} finds fields and reads no pages", hint=hint)
    engine = load(release.engine, model=model_path(workspace, release), settings=workspace.settings)
    return Named(engine, str(release.number))


class Named:
    """An Engine that says in each Transcript which Release read it."""

    def __init__(self, engine: Engine, release: str) -> None:
        self.wrapped, self._release = engine, release
        self.label, self.batch_pages = engine.label, engine.batch_pages

    def around(self, engine: Engine) -> "Named":
        """Another engine with the same Release."""
        return Named(engine, self._release)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """What the engine reads, with the Release's number."""
        return [replace(transcript, release=self._release) for transcript in self.wrapped.read(pages)]
