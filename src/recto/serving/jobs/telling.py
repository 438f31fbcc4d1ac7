"""Telling: the webhooks of jobs that have ended, each until it was heard or its attempts are used up.

What is due stands in the jobs' rows, so that neither a stop nor a kill forgets one; several services at one
database share them. What is sent is in `webhook`.
"""

import asyncio
import logging
from asyncio import to_thread

from recto.errors import RectoError
from recto.serving.jobs import store, webhook
from recto.settings.serving import JobSettings
from recto.workspace.folder import Workspace

AT_ONCE = 16
_RESERVE_S = 60
"""So long after its attempt was to be over, a webhook that nobody said more of is told again."""

log = logging.getLogger(__name__)


class Telling:
    """Tells the webhooks of one workspace. Its methods are for one event loop."""

    def __init__(self, workspace: Workspace, settings: JobSettings) -> None:
        self._workspace, self._settings = workspace, settings
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def look(self) -> None:
        """Begin to tell those that are due. Raises WorkspaceErrors."""
        for job_id in await to_thread(store.untold, self._workspace, AT_ONCE):
            if job_id not in self._under_way and len(self._under_way) < AT_ONCE:
                task = asyncio.create_task(self._tell(job_id))
                self._under_way[job_id] = task

    async def close(self) -> None:
        """Stop at once: who wasn't told is told after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, job_id: str) -> None:
        try:
            await self._attempt(job_id)
        except RectoError as error:  # the database's: it is due again
            log.error("a webhook wasn't told", extra={"reason": error.what, "job_id": job_id})
        finally:
            del self._under_way[job_id]

    async def _attempt(self, job_id: str) -> None:
        longest_s = self._settings.webhook_timeout_s
        claimed = await to_thread(store.claim_webhook, self._workspace, job_id, longest_s + _RESERVE_S)
        if claimed is None:
            return
        job, attempt = claimed
        outcome = await webhook.tell(job, longest_s)
        if outcome == webhook.TOLD or attempt >= self._settings.webhook_attempts:
            await to_thread(store.told, self._workspace, job_id, outcome)
        else:
            await to_thread(store.put_off_webhook, self._workspace, job_id, webhook.pause_s(attempt))
