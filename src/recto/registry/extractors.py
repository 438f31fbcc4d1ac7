"""Extractors: the current tagger of a schema, or the untrained one, and in words why it is that one."""

from dataclasses import dataclass, replace
from pathlib import Path

from recto.errors import RegistryError
from recto.extraction.schema import Schema
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import open_tagger
from recto.registry.fields_scope import scope_of_fields
from recto.registry.release import Release
from recto.registry.store import current, model_path
from recto.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class InUse:
    """The model folder of the current tagger of a schema name, checked; or None, and why, where it can't be
    used ("" where there is none).
    """

    folder: Path | None
    release: Release | None
    why_not: str = ""


def in_use(workspace: Workspace, schema_name: str) -> InUse:
    """The current tagger for a schema of this name; damage is told, not raised: the untrained one works."""
    release = current(workspace, scope_of_fields(schema_name), exact=True)
    if release is None:
        return InUse(None, None)
    try:
        return InUse(model_path(workspace, release), release)
    except RegistryError as error:
        return InUse(None, release, error.what)


def tagger_for(schema: Schema, found: InUse) -> Tagger:
    """The tagger for just this schema: its label names the Release, or says why there is none."""
    return tagger_at(schema, found.folder, _number(found), found.why_not)


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
