"""FieldReleases: which Release finds the fields of a schema now; asked for each request, so that promotions
count at once.

A Release's files are checked once, when it is first met. What applies it is in `child` and `model_child`.
"""

import asyncio
import logging

from recto.registry.extractors import in_use
from recto.registry.fields_scope import scope_of_fields
from recto.registry.store import current
from recto.serving.extracting.protocol import NOT_IN_USE, InUse
from recto.workspace.folder import Workspace

_log = logging.getLogger(__name__)


class FieldReleases:
    """The current Releases of a workspace that find fields; without one there are none."""

    def __init__(self, workspace: Workspace | None) -> None:
        self._workspace = workspace
        self._checked: dict[int, InUse] = {}

    async def in_use(self, schema_name: str) -> InUse:
        """The one for schemas of this name. Raises WorkspaceError where the database can't be asked."""
        if self._workspace is None:
            return NOT_IN_USE
        return await asyncio.to_thread(self._looked_up, self._workspace, schema_name)

    def _looked_up(self, workspace: Workspace, schema_name: str) -> InUse:
        release = current(workspace, scope_of_fields(schema_name), exact=True)
        if release is None:
            return NOT_IN_USE
        if release.number in self._checked:
            return self._checked[release.number]
        found = in_use(workspace, schema_name)
        told: InUse = {
            "engine": release.engine,
            "folder": None if found.folder is None else str(found.folder.resolve()),
            "release": None if found.release is None else found.release.number,
            "why_not": found.why_not,
        }
        if found.folder is not None and found.release is not None:
            self._checked[found.release.number] = told
        elif found.why_not:
            scope = scope_of_fields(schema_name)
            _log.warning("a Release can't be used", extra={"scope": scope, "reason": found.why_not})
        return told
