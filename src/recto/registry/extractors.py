"""Extractors: the current Release of a schema, or the untrained tagger, and in words why it is that one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recto.documents.transcript import Transcript
from recto.errors import RegistryError
from recto.extraction.asked_folder import ENGINE as TEXT
from recto.extraction.asked_folder import open_asked, taught_in
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction
from recto.extraction.schema import Schema
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import open_tagger
from recto.registry.fields_scope import scope_of_fields
from recto.registry.release import Release
from recto.registry.store import current, model_path
from recto.settings import TextSettings
from recto.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class InUse:
    """The model folder of the current Release of a schema name, checked; or None, and why, where it can't be
    used ("" where there is none).
    """

    folder: Path | None
    release: Release | None
    why_not: str = ""


def in_use(workspace: Workspace, schema_name: str) -> InUse:
    """The current Release for a schema of this name; damage is told, not raised: a tagger works."""
    release = current(workspace, scope_of_fields(schema_name), exact=True)
    if release is None:
        return InUse(None, None)
    try:
        return InUse(model_path(workspace, release), release)
    except RegistryError as error:
        return InUse(None, release, error.what)


def tagger_for(schema: Schema, found: InUse) -> Tagger:
    """The tagger for just this schema: its label names the Release, or says why there is none."""
    if found.release is not None and found.release.engine == TEXT and not found.why_not:
        return tagger_at(schema, None, None, f"Release {found.release.number} is a language model")
    return tagger_at(schema, found.folder, _number(found), found.why_not)


def extractor_for(schema: Schema, found: InUse, settings: TextSettings) -> Extractor:
    """What finds the fields of just this schema: a language model, its weights loaded, or a tagger.

    Raises what loading a language model raises.
    """
    release = found.release
    if release is None or found.folder is None or release.engine != TEXT:
        return tagger_for(schema, found)
    if taught_in(found.folder)[0].digest != schema.digest:
        why = f"Release {release.number} is of another schema called {schema.name}"
        return tagger_at(schema, None, None, why)
    return released(open_asked(found.folder, settings), release.number)


def released(extractor: Extractor, number: int) -> Extractor:
    """The same; its answers say that it is Release `number`."""
    return _Released(extractor, number)


@dataclass(frozen=True, slots=True, eq=False)
class _Released:
    """An extractor that is a Release."""

    extractor: Extractor
    number: int

    @property
    def label(self) -> str:
        return f"{self.extractor.label}, Release {self.number}"

    @property
    def schema(self) -> Schema:
        return self.extractor.schema

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        return replace(self.extractor.extract(transcripts), extractor=self.label)


def tagger_at(schema: Schema, folder: Path | None, number: int | None, why_not: str) -> Tagger:
    """The tagger in a model folder, as Release `number`; untrained without one, and for another schema."""
    if folder is None:
        untrained = Tagger(schema)
        return replace(untrained, label=f"{untrained.label} ({why_not})") if why_not else untrained
    tagger = open_tagger(folder)
    if tagger.schema.digest != schema.digest:
        why = f"Release {number} is of another schema called {schema.name}"
        return tagger_at(schema, None, number, why)
    return replace(tagger, label=f"{tagger.label}, Release {number}")


def _number(found: InUse) -> int | None:
    return found.release.number if found.release else None
