"""Access log: who asked for what, when, and how it ended; nothing of any content. Its rows have their days.

Rows are gathered in memory and written down every moment by `flush`, so that no answer waits for a disk: a
service that is killed loses those since the last one.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert

from recto.settings import PrivacySettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import AccessRow
from recto.workspace.utc import now

WAITING_AT_MOST = 100_000
"""Rows that are kept while the database can't be written; then the oldest are lost."""


@dataclass(frozen=True, slots=True)
class Access:
    """One request: `action` is its route ("POST /v1/read") or tool, `status` as HTTP counts it."""

    request_id: str
    tenant: str
    key_id: int | None
    action: str
    status: int
    pages: int = 0


class AccessLog:
    """The log of one service; it may be written from any thread."""

    def __init__(
        self, workspace: Workspace, settings: PrivacySettings, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._clock = clock
        self._waiting: deque[tuple[datetime, Access]] = deque(maxlen=WAITING_AT_MOST)
        self._writing = threading.Lock()

    def note(self, access: Access) -> None:
        """Remember a request, if the settings want a log."""
        if self._settings.access_log:
            self._waiting.append((self._clock(), access))

    def flush(self) -> None:
        """Write down what was remembered; it stays remembered where that fails."""
        with self._writing:
            rows = list(self._waiting)
            if not rows:
                return
            with self._workspace.transaction() as session:
                session.execute(insert(AccessRow), [{"at": at, **asdict(access)} for at, access in rows])
            for _ in range(min(len(rows), len(self._waiting))):
                self._waiting.popleft()

    def purge(self) -> int:
        """Delete the rows whose days are over; how many there were."""
        oldest = self._clock() - timedelta(days=self._settings.access_log_days)
        with self._workspace.transaction() as session:
            deleted = session.execute(delete(AccessRow).where(AccessRow.at < oldest).returning(AccessRow.id))
            return len(deleted.all())
