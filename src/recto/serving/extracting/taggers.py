"""Taggers: which Release finds the fields of a schema now; asked for each request: promotions count at once.

A Release's files are checked once, when it is first met. It is applied in the process that extracts
(`child`).
"""

import asyncio
import logging

from recto.registry.extractors import in_use
from recto.registry.fields_scope import scope_of_fields
from recto.registry.store import current
from recto.serving.extracting.protocol import NO_TAGGER, TaggerInUse
from recto.workspace.folder import Workspace

_log = logging.getLogger(__name__)


class Taggers:
    """The current taggers of a workspace; without one there are none."""

    def __init__(self, workspace: Workspace | None) -> None:
        self._workspace = workspace
        self._checked: dict[int, TaggerInUse] = {}

    async def in_use(self, schema_name: str) -> TaggerInUse:
        """The one for schemas of this name. Raises WorkspaceError where the database can't be asked."""
        if self._workspace is None:
            return NO_TAGGER
        return await asyncio.to_thread(self._looked_up, self._workspace, schema_name)

    def _looked_up(self, workspace: Workspace, schema_name: str) -> TaggerInUse:
        release = current(workspace, scope_of_fields(schema_name), exact=True)
        if release is None:
            return NO_TAGGER
        if release.number in self._checked:
            return self._checked[release.number]
        found = in_use(workspace, schema_name)
        told: TaggerInUse = {
            "folder": None if found.folder is None else str(found.folder.resolve()),
            "release": None if found.release is None else found.release.number,
            "why_not": found.why_not,
        }
        if found.folder is not None and found.release is not None:
            self._checked[found.release.number] = told
        elif found.why_not:
            scope = scope_of_fields(schema_name)
            _log.warning("a tagger can't be used", extra={"scope": scope, "reason": found.why_not})
        return told
