"""A second `recto serve` beside the one that `serve_mixed.py` talks to, killed in the middle of jobs.

Both work off the jobs of one workspace. Every so often, at a moment when the second one holds a job, it is
ended with SIGKILL, and another one is started in its place. Whose a job is, its row says (`claimed_by`):
whoever isn't the first service, which has shown its name before there was a second, nor dead already.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from serve_ground import Server, Sheet, serving
from sqlalchemy import select

from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow
from recto.workspace.utc import now

_LOOK_S = 0.02
_HAND_IN_EVERY_S = 2.0
"""Where no job of the clients comes to the second service in time, it is handed one itself."""


class Second:
    """The second service, one life after the other. `first` is the claimant that the first one is."""

    def __init__(self, workspace: Workspace, first: str) -> None:
        self._workspace, self._log = workspace, workspace.path.with_name("second.log")
        self._gone = {first}

    @asynccontextmanager
    async def life(self) -> AsyncIterator[Server]:
        """One life: from when it is ready to its end by SIGTERM, unless it was killed."""
        started = serving("--workspace", str(self._workspace.path), log=self._log)
        server = await asyncio.to_thread(started.__enter__)
        try:
            yield server
        finally:
            await asyncio.to_thread(started.__exit__, None, None, None)

    async def kill_at_work(self, server: Server, book: Sheet, handed_in: list[str]) -> bool:
        """End it once it holds a job; whether that job was still under way then.

        Jobs that it must be given for that are added to `handed_in`.
        """
        job_id, claimant = await self._held(server, book, handed_in)
        server.process.kill()
        await asyncio.to_thread(server.process.wait)
        self._gone.add(claimant)
        with self._workspace.read() as session:
            row = session.get_one(JobRow, job_id)
            return row.state == "running" and row.claimed_by == claimant

    async def _held(self, server: Server, book: Sheet, handed_in: list[str]) -> tuple[str, str]:
        clock = asyncio.get_running_loop().time
        next_at = clock() + _HAND_IN_EVERY_S
        async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:
            while (held := await asyncio.to_thread(self._claim)) is None:
                if clock() >= next_at:
                    answer = await client.post("/v1/jobs", files={"file": (book.name, book.data)})
                    if answer.status_code != 429:
                        handed_in.append(answer.raise_for_status().json()["id"])
                    next_at = clock() + _HAND_IN_EVERY_S
                await asyncio.sleep(_LOOK_S)
        return held

    def _claim(self) -> tuple[str, str] | None:
        """A job that the second service holds now, and as whom."""
        query = select(JobRow.id, JobRow.claimed_by).where(
            JobRow.state == "running", JobRow.claimed_until > now(), JobRow.claimed_by.not_in(self._gone)
        )
        with self._workspace.read() as session:
            row = session.execute(query.limit(1)).first()
            return None if row is None or row.claimed_by is None else (row.id, row.claimed_by)


async def claimant_of(workspace: Workspace, job_id: str) -> str:
    """Who works on a job, or did: waits for somebody to begin."""
    while True:
        with workspace.read() as session:
            claimant = session.get_one(JobRow, job_id).claimed_by
        if claimant is not None:
            return claimant
        await asyncio.sleep(_LOOK_S)
