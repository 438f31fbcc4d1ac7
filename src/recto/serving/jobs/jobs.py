"""Jobs: taking them, working on them one after the other, and what becomes of those that a kill interrupted.

`queue` hands out ids in threads; here each becomes a task on the event loop, which claims its job, works,
and says how it ended. What is asked of a job from outside is answered from its row (`store`).
"""

import asyncio
import logging
import uuid
from asyncio import to_thread
from collections.abc import Sequence
from typing import IO

from recto.errors import Draining, QueueFull, RectoError
from recto.observability.logs import bind
from recto.observability.spans import span
from recto.serving.jobs import store, webhook
from recto.serving.jobs.files import discard_files, keep_file, sweep_files
from recto.serving.jobs.job import Job, NewJob, State
from recto.serving.jobs.queue import open_queue
from recto.serving.jobs.worker import Worker
from recto.serving.problems import ProblemJson, problem, problem_of
from recto.serving.upkeep import Upkeep
from recto.settings.serving import JobSettings
from recto.workspace.folder import Workspace

RENEWED_EVERY_S = store.CLAIM_S / 4

log = logging.getLogger(__name__)


class Jobs:
    """The jobs of one workspace, worked on in this process."""

    def __init__(self, workspace: Workspace, settings: JobSettings, worker: Worker) -> None:
        self._workspace, self._settings, self._worker = workspace, settings, worker
        make = open_queue(settings.queue, workspace.path)
        self._queue = make(work=self._work_in_thread, tell=self._tell, workers=settings.workers)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._upkeep = Upkeep(flushes=[self._look_after], purges=[self._purge])
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on with what is unfinished, and begin to work."""
        self._loop = asyncio.get_running_loop()
        await to_thread(self._go_on)
        self._queue.start()
        self._running = asyncio.create_task(self._upkeep.run())

    async def close(self) -> None:
        """Stop at once: pages that are stored stay, the next start goes on after them."""
        self._closing = True
        for work in self._under_way.values():
            work.cancel()
        self._upkeep.close()
        if self._running is not None:
            await self._running
        await to_thread(self._queue.stop)

    async def check_room(self) -> None:
        """Raises QueueFull where no job more may wait; asked before a job's documents are received."""
        await to_thread(self._check_room)

    async def add(self, new: NewJob, files: Sequence[IO[bytes]]) -> Job:
        """Keep a new job with the bytes of its documents, and put it into the queue.

        Raises QueueFull, OutputError.
        """
        return await to_thread(self._add, new, files)

    async def job(self, job_id: str, tenant: str) -> Job:
        """A job of this tenant. Raises JobNotFound."""
        return await to_thread(store.job_of, self._workspace, job_id, tenant)

    async def pages(self, job_id: str, after: int, limit: int) -> tuple[store.PageResult, ...]:
        """Its pages after page `after`, as far as they are there, in order."""
        return await to_thread(store.results, self._workspace, job_id, after, limit)

    async def cancel(self, job_id: str, tenant: str) -> Job:
        """End it as soon as possible; what is read of it stays. Raises JobNotFound."""
        job = await to_thread(store.cancel, self._workspace, job_id, tenant)
        if task := self._under_way.get(job_id):
            task.cancel()
        elif job.ended:
            await self._ended(job_id)
        return job

    def _add(self, new: NewJob, files: Sequence[IO[bytes]]) -> Job:
        self._check_room()
        job_id = uuid.uuid4().hex
        try:
            hashes = [keep_file(self._workspace, job_id, place, file) for place, file in enumerate(files)]
            store.add_job(self._workspace, job_id, new, hashes)
        except BaseException:
            discard_files(self._workspace, job_id)
            raise
        self._queue.put(job_id)
        return store.job_of(self._workspace, job_id)

    def _check_room(self) -> None:
        most = self._settings.max_waiting
        if store.waiting(self._workspace) >= most:
            raise QueueFull(f"{most} jobs are waiting already", hint="try again later")

    def _go_on(self) -> None:
        sweep_files(self._workspace, store.known(self._workspace))
        for job_id in store.unfinished(self._workspace):
            self._queue.put(job_id)
        for job_id in store.untold(self._workspace):
            self._queue.put_webhook(job_id, attempt=1)

    def _look_after(self) -> None:
        """Jobs whose worker died, in whichever process, are put into the queue again."""
        for job_id in store.abandoned(self._workspace):
            self._queue.put(job_id)

    def _purge(self) -> None:
        store.purge(self._workspace, self._settings.keep_days)

    def _work_in_thread(self, job_id: str) -> None:
        """In a thread of the queue, which is busy for as long as the job takes."""
        if not self._closing:
            asyncio.run_coroutine_threadsafe(self._work(job_id), self._loop).result()

    async def _work(self, job_id: str) -> None:
        job = await to_thread(store.claim, self._workspace, job_id)
        if job is None or self._closing:
            return
        with bind(job_id=job.id, tenant=job.tenant), span("job"):
            work = asyncio.create_task(self._worker.work(job))
            self._under_way[job_id] = work
            renewing = asyncio.create_task(self._renew(job_id, work))
            await asyncio.wait([work])
            del self._under_way[job_id]
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._settle(job_id, work)

    async def _renew(self, job_id: str, work: asyncio.Task[None]) -> None:
        while await to_thread(store.renew, self._workspace, job_id):
            await asyncio.sleep(RENEWED_EVERY_S)
        work.cancel()

    async def _settle(self, job_id: str, work: asyncio.Task[None]) -> None:
        """Write down how the work ended; what only this process gave up goes on later, or elsewhere."""
        job = await to_thread(store.job_of, self._workspace, job_id)
        error = None if work.cancelled() else work.exception()
        if work.cancelled() and job.cancelled:
            await self._end(job_id, "cancelled")
        elif work.cancelled() or isinstance(error, Draining):
            await to_thread(store.release, self._workspace, job_id)
        elif error is not None:
            log.error("a job failed", exc_info=error)
            await self._end(job_id, "failed", _problem(error))
        elif job.pages_read:
            await self._end(job_id, "done")
        else:
            first = await to_thread(store.first_problem, self._workspace, job_id)
            await self._end(job_id, "failed", first)

    async def _end(self, job_id: str, state: State, problem: ProblemJson | None = None) -> None:
        await to_thread(store.end, self._workspace, job_id, state, problem)
        await self._ended(job_id)

    async def _ended(self, job_id: str) -> None:
        job = await to_thread(store.job_of, self._workspace, job_id)
        log.info("a job has ended: %s", job.state, extra={"pages": job.pages_read})
        await to_thread(discard_files, self._workspace, job_id)
        if job.webhook is not None:
            await to_thread(self._queue.put_webhook, job_id, 1)

    def _tell(self, job_id: str, attempt: int) -> None:
        """In a thread of the queue: tell the webhook, or put it off."""
        job = store.job_of(self._workspace, job_id)
        if job.webhook is None or job.webhook_outcome is not None:
            return
        outcome = webhook.tell(job, self._settings.webhook_timeout_s)
        if outcome == webhook.TOLD or attempt >= self._settings.webhook_attempts:
            store.told(self._workspace, job_id, outcome)
        else:
            self._queue.put_webhook(job_id, attempt + 1, webhook.pause_s(attempt))


def _problem(error: BaseException) -> ProblemJson:
    if isinstance(error, RectoError):
        return problem_of(error)
    return problem(500, "something went wrong that isn't your fault")
