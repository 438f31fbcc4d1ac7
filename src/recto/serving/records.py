"""Records: what a service with a workspace writes down of its requests: pages of keys, accesses, samples.

Each of them is in a module of its own; here they begin and end together. Without a workspace there are none.
"""

import asyncio
from functools import partial

from recto.corrections.consent import sweep_withdrawn
from recto.serving.access_log import AccessLog
from recto.serving.quota import Quota
from recto.serving.samples import Samples
from recto.serving.sessions import purge_sessions
from recto.serving.upkeep import Upkeep
from recto.settings import Settings
from recto.workspace.folder import Workspace


class Records:
    """The records of `workspace`, from `start` to `close`."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self.quota = Quota(workspace, settings.access)
        self.accesses = AccessLog(workspace, settings.privacy)
        self.samples = Samples(workspace, settings.privacy)
        self._upkeep = Upkeep(
            flushes=(self.quota.flush, self.accesses.flush),
            purges=(
                self.accesses.purge,
                self.samples.purge,
                partial(purge_sessions, workspace),
                partial(sweep_withdrawn, workspace),
            ),
        )
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write down what comes, and to delete what is old."""
        self._running = asyncio.create_task(self._upkeep.run())

    async def close(self) -> None:
        """Write down the last of it."""
        self._upkeep.close()
        if self._running is not None:
            await self._running
        await asyncio.to_thread(self.samples.close)
