"""Jobs: taking them, working on them one after the other, and what becomes of those that were interrupted.

`queue` wakes threads; here each becomes a task on the event loop, which claims jobs one after the other,
works, and says how each ended. What is to be done stands in the rows alone (`store`), and is looked for every
second: what a kill, a drain or a busy database left lying is found again by whichever service looks next.
"""

import asyncio
import logging
import math
import uuid
from asyncio import to_thread
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import IO

from recto.errors import Draining, ModelUnavailable, QueueFull, RectoError, ServingError, WorkspaceError
from recto.observability.logs import bind
from recto.observability.spans import span
from recto.serving.jobs import field_rows, store
from recto.serving.jobs.field_rows import FieldsResult
from recto.serving.jobs.files import discard_files, keep_file, sweep_files
from recto.serving.jobs.job import Job, NewJob, State
from recto.serving.jobs.queue import Queue
from recto.serving.jobs.store import Passed
from recto.serving.jobs.telling import Telling
from recto.serving.jobs.waiting_place import open_place
from recto.serving.jobs.worker import Worker
from recto.serving.problems import ProblemJson, problem, problem_of
from recto.serving.upkeep import Upkeep
from recto.settings.serving import JobSettings
from recto.workspace.folder import Workspace

RENEWED_EVERY_S = store.CLAIM_S / 4
ATTEMPTS = 4
"""So often a job is begun with in vain: without one more page of it stored.

Then it ends early, where it was put off each time, or is without its next page, where the service stopped.
"""

_FIRST_PAUSE_S = 5
_USUAL_S = 60.0
"""What a job takes, as long as none has ended here."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A job that is worked on here."""

    job: Job
    work: asyncio.Task[bool]


class Jobs:
    """The jobs of one workspace, worked on in this process.

    `hangs` says whether an engine hangs: jobs that are interrupted then are perhaps to blame.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: JobSettings,
        worker: Worker,
        hangs: Callable[[], bool] = lambda: False,
    ) -> None:
        self._workspace, self._settings, self._worker, self._hangs = workspace, settings, worker, hangs
        place = open_place(settings.queue, workspace.path)
        self._queue = Queue(place, work=self._work_in_thread, workers=settings.workers)
        self._telling = Telling(workspace, settings)
        self._claimant = uuid.uuid4().hex
        self._claiming = asyncio.Lock()
        self._under_way: dict[str, _UnderWay] = {}
        self._job_s = _USUAL_S
        self._closing = self._alone_waits = False
        self._upkeep = Upkeep(flushes=[self._look_after], purges=[self._purge])
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to work: what is unfinished is looked for at once."""
        self._loop = asyncio.get_running_loop()
        self._queue.start()
        self._running = asyncio.create_task(self._upkeep.run())

    async def close(self) -> None:
        """Stop at once: pages that are stored stay, the next start goes on after them."""
        self._closing = True
        for one in self._under_way.values():
            one.work.cancel()
        self._upkeep.close()
        if self._running is not None:
            await self._running
        await self._telling.close()
        await to_thread(self._queue.stop)

    async def check_room(self, tenant: str) -> None:
        """Raises QueueFull where no job more may wait; asked before a job's documents are received."""
        await to_thread(self._check_room, tenant)

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

    async def fields(self, job_id: str, after: int, limit: int) -> tuple[FieldsResult, ...]:
        """The fields of its documents after document `after`, as far as they are there, in order."""
        return await to_thread(field_rows.fields_of, self._workspace, job_id, after, limit)

    async def cancel(self, job_id: str, tenant: str) -> Job:
        """End it as soon as possible; what is read of it stays. Nothing becomes of one that has ended.

        Raises JobNotFound.
        """
        has_ended = await to_thread(store.cancel, self._workspace, job_id, tenant)
        if one := self._under_way.get(job_id):
            one.work.cancel()
        if has_ended:
            await self._ended(job_id)
        return await self.job(job_id, tenant)

    def _add(self, new: NewJob, files: Sequence[IO[bytes]]) -> Job:
        self._check_room(new.tenant)
        job_id = uuid.uuid4().hex
        try:
            hashes = [keep_file(self._workspace, job_id, place, file) for place, file in enumerate(files)]
            store.add_job(self._workspace, job_id, new, hashes)
        except BaseException:
            discard_files(self._workspace, job_id)
            raise
        self._queue.put(job_id)
        return store.job_of(self._workspace, job_id)

    def _check_room(self, tenant: str) -> None:
        """Raises QueueFull, also where a tenant that isn't alone has half of what may wait."""
        most, whose = self._settings.max_waiting, None
        full = store.waiting(self._workspace) >= most
        if not full and store.several_tenants(self._workspace):
            most, whose = max(most // 2, 1), tenant
            full = store.waiting(self._workspace, whose) >= most
        if full:
            wait_s = math.ceil(min(max(self._job_s / self._settings.workers, 1), 3600))
            of_you = "" if whose is None else " of yours"
            raise QueueFull(
                f"{most} jobs{of_you} are waiting already",
                hint=f"try again in {wait_s} s",
                retry_after_s=wait_s,
            )

    def _look_after(self) -> None:
        """Wake threads that have nothing to do for jobs that nobody has, and tell webhooks that are due.

        Such jobs are those of workers that died, in whichever process, and those that were put off.
        """
        if self._closing:
            return
        idle = self._settings.workers - len(self._under_way)
        for _ in store.unfinished(self._workspace, idle):
            self._queue.wake()
        asyncio.run_coroutine_threadsafe(self._telling.look(), self._loop).result()

    def _purge(self) -> None:
        store.purge(self._workspace, self._settings.keep_days)
        sweep_files(self._workspace, store.known(self._workspace))

    def _work_in_thread(self) -> None:
        """In a thread of the queue, which is busy for as long as there are jobs, whosever turn it is."""
        if self._closing:
            return
        work = asyncio.run_coroutine_threadsafe(self._work_off(), self._loop)
        wait_for([work])
        if not work.cancelled() and (
            error := work.exception()
        ):  # the database's: the rows are looked at again
            log.error("jobs weren't worked on", exc_info=error)

    async def _work_off(self) -> None:
        while one := await self._begun():
            try:
                with bind(job_id=one.job.id, tenant=one.job.tenant), span("job"):
                    await self._work(one)
            finally:
                del self._under_way[one.job.id]

    async def _begun(self) -> _UnderWay | None:
        """The next job, claimed, and being worked on; None: there is none for now."""
        async with self._claiming:  # what one thread has begun with, the others see
            if self._closing or any(one.job.alone for one in self._under_way.values()):
                return None
            full = await self._tenants_with_enough()
            passed = Passed(tuple(self._under_way), full)
            job = await to_thread(store.claim, self._workspace, self._claimant, passed)
            self._alone_waits = job is None and await to_thread(store.alone_waits, self._workspace)
            if job is None:
                return None
            one = _UnderWay(job, asyncio.create_task(self._attempt(job)))
            self._under_way[job.id] = one
            if self._closing:
                one.work.cancel()
            return one

    async def _tenants_with_enough(self) -> Sequence[str]:
        """Where there are several tenants, one worker is always left for the others."""
        most = max(self._settings.workers - 1, 1)
        busy = Counter(one.job.tenant for one in self._under_way.values())
        full = [tenant for tenant, count in busy.items() if count >= most]
        if not full or not await to_thread(store.several_tenants, self._workspace):
            return ()
        return full

    async def _attempt(self, job: Job) -> bool:
        """Whether the job is finished, and not only a page of it."""
        if job.lost >= ATTEMPTS and await self._worker.give_up_next(job):
            log.error("a page is given up", extra={"pages": job.pages_there, "attempt": job.lost})
            return False
        return await self._worker.work(job, lambda: job.alone or self._alone_waits)

    async def _work(self, one: _UnderWay) -> None:
        clock = self._loop.time
        began = clock()
        renewing = asyncio.create_task(self._renew(one))
        await asyncio.wait([one.work])
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        self._job_s = 0.8 * self._job_s + 0.2 * (clock() - began)
        await self._settle(one)

    async def _renew(self, one: _UnderWay) -> None:
        """Keep the claim. Once it is lost, or can't be renewed in time, others may go on: stop here."""
        clock = self._loop.time
        lost_at = clock() + store.CLAIM_S
        while True:
            await asyncio.sleep(RENEWED_EVERY_S)
            try:
                async with asyncio.timeout_at(lost_at):
                    asked_at = clock()
                    is_ours = await to_thread(store.renew, self._workspace, one.job.id, self._claimant)
            except TimeoutError:
                is_ours = False
            except WorkspaceError as error:
                log.warning("a job's claim wasn't renewed", extra={"reason": error.what})
                continue
            if not is_ours:
                one.work.cancel()
                return
            lost_at = asked_at + store.CLAIM_S

    async def _settle(self, one: _UnderWay) -> None:
        """Write down how the work ended; what only this process gave up goes on later, or elsewhere."""
        job = await to_thread(store.job_of, self._workspace, one.job.id)
        error = None if one.work.cancelled() else one.work.exception()
        if one.work.cancelled() and job.cancelled:
            await self._end(one.job, "cancelled")
        elif one.work.cancelled() or isinstance(error, Draining):
            let_go = store.lose if self._hangs() else store.release
            await to_thread(let_go, self._workspace, job.id, self._claimant)
        elif error is None and not one.work.result():
            await to_thread(store.release, self._workspace, job.id, self._claimant)
        elif _passes(error) and (put_off := job.attempts - job.lost) < ATTEMPTS:
            log.warning("a job is put off", extra={"reason": type(error).__name__})
            pause_s = _FIRST_PAUSE_S * 6 ** max(put_off - 1, 0)
            await to_thread(store.release, self._workspace, job.id, self._claimant, pause_s)
        else:
            await self._finish(one.job, job, error)

    async def _finish(self, begun: Job, job: Job, error: BaseException | None) -> None:
        """What was read stays, and is done with; where that isn't all, the job says why."""
        told = None
        if error is not None:
            log.error("a job ended early", exc_info=error)
            told = _problem(error)
        elif not job.pages_read:
            told = await to_thread(store.first_problem, self._workspace, job.id)
        if await self._end(begun, "done" if job.pages_read else "failed", told) and job.pages_missing:
            await self._worker.give_back(job, job.pages_missing)

    async def _end(self, job: Job, state: State, problem: ProblemJson | None = None) -> bool:
        has_ended = await to_thread(store.end, self._workspace, job, state, problem)
        if has_ended:
            await self._ended(job.id)
        return has_ended

    async def _ended(self, job_id: str) -> None:
        job = await to_thread(store.job_of, self._workspace, job_id)
        log.info("a job has ended: %s", job.state, extra={"pages": job.pages_read})
        await to_thread(discard_files, self._workspace, job_id)


def _passes(error: BaseException | None) -> bool:
    """Whether it may go better later: the database is busy, a process can't be started, the disk is full, a
    language model can't be asked.
    """
    return isinstance(error, WorkspaceError | OSError | ModelUnavailable) or type(error) is ServingError


def _problem(error: BaseException) -> ProblemJson:
    if isinstance(error, RectoError):
        return problem_of(error)
    return problem(500, "something went wrong that isn't your fault")
