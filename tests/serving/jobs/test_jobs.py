"""Jobs in one process: what is found again, tried again, and given up."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import update

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import RequestRefused, ServingError, WorkspaceBusy
from recto.serving.answers import RouteJson
from recto.serving.decoding.pool import Decoders
from recto.serving.flow import Flow
from recto.serving.jobs import jobs as jobs_module
from recto.serving.jobs import store
from recto.serving.jobs.files import keep_file
from recto.serving.jobs.job import Job, NewJob, Wish
from recto.serving.jobs.jobs import ATTEMPTS, Jobs
from recto.serving.jobs.worker import Worker
from recto.settings import UploadSettings
from recto.settings.serving import JobSettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow

from ...conftest import Make
from ..engines import LIMIT_S

ROUTE: RouteJson = {"scope": "general", "agent": None, "why": "so"}
WISH: Wish = {"agent": None, "business": None, "category": None, "output": "pages"}


class Reading:
    """Reads each page once `gate` is open; counts how often it is asked who reads; raises `error` instead."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, 0
        self.gate, self.entered = asyncio.Event(), asyncio.Event()
        self.gate.set()

    def __call__(self, _: Job) -> tuple[RouteJson, Flow]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return ROUTE, Flow(self.read, 1)

    async def read(self, page: Page) -> Transcript:
        self.entered.set()
        await self.gate.wait()
        return FakeEngine({page.document: page.document}).read([page])[0]


async def _free(_: Job, __: int) -> None:
    """No quota."""


@asynccontextmanager
async def running(workspace: Workspace, reading: Reading) -> AsyncIterator[Jobs]:
    decoders = Decoders(UploadSettings(decode_workers=1))
    jobs = Jobs(workspace, JobSettings(workers=1), Worker(workspace, decoders, 100, reading, _free))
    await decoders.start()
    await jobs.start()
    try:
        yield jobs
    finally:
        await jobs.close()
        await decoders.close()


async def add(jobs: Jobs, *documents: bytes) -> str:
    new = NewJob("mine", None, tuple(f"{number}.pdf" for number in range(len(documents))), WISH)
    return (await jobs.add(new, [io.BytesIO(document) for document in documents])).id


async def once(workspace: Workspace, job_id: str, condition: Callable[[Job], bool]) -> Job:
    """The job, once the condition holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition(job := store.job_of(workspace, job_id)):
            await asyncio.sleep(0.02)
        return job


def tried(workspace: Workspace, job_id: str, times: int) -> None:
    with workspace.transaction() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(attempts=times, claimed_until=None))


def test_a_job_whose_id_was_lost_is_found(workspace: Workspace, make_pdf: Make) -> None:
    async def run() -> None:
        async with running(workspace, Reading()):
            await asyncio.sleep(0.2)  # what is there at the start was looked for
            sha256 = keep_file(workspace, "a", 0, io.BytesIO(make_pdf(1)))
            store.add_job(workspace, "a", NewJob("mine", None, ("a.pdf",), WISH), [sha256])
            await once(workspace, "a", lambda job: job.state == "done")

    asyncio.run(run())


def test_a_job_is_read_by_one_model(workspace: Workspace, make_pdf: Make) -> None:
    async def run() -> None:
        reading = Reading()
        async with running(workspace, reading) as jobs:
            job_id = await add(jobs, make_pdf(2), make_pdf(1), make_pdf(1))
            job = await once(workspace, job_id, lambda job: job.ended)
            assert (job.state, job.pages_read, reading.asked) == ("done", 4, 1)
            assert job.wish.get("route") == ROUTE

    asyncio.run(run())


@pytest.mark.parametrize("error", [WorkspaceBusy("busy"), ServingError("no process"), OSError(28, "full")])
def test_what_passes_is_tried_again_later_and_given_up_at_last(
    workspace: Workspace, make_pdf: Make, error: Exception
) -> None:
    async def run() -> None:
        reading = Reading(error)
        async with running(workspace, reading) as jobs:
            job_id = await add(jobs, make_pdf(1))
            job = await once(workspace, job_id, lambda job: job.attempts == 1 and job.state == "queued")
            assert store.unfinished(workspace, 9) == [] and (workspace.jobs / job_id / "0").exists()
            tried(workspace, job_id, ATTEMPTS - 1)
            job = await once(workspace, job_id, lambda job: job.ended)
            assert job.state == "failed" and job.problem is not None

    asyncio.run(run())


def test_what_does_not_pass_is_not_tried_again(workspace: Workspace, make_pdf: Make) -> None:
    async def run() -> None:
        async with running(workspace, Reading(RequestRefused("there is no agent"))) as jobs:
            job = await once(workspace, await add(jobs, make_pdf(1)), lambda job: job.ended)
            assert (job.state, job.attempts) == ("failed", 1)
            assert job.problem is not None and job.problem["detail"] == "there is no agent"

    asyncio.run(run())


def test_a_job_that_kills_the_service_again_and_again_is_given_up(
    workspace: Workspace, make_pdf: Make
) -> None:
    store.add_job(workspace, "a", NewJob("mine", None, ("a.pdf",), WISH), ["0" * 64])
    store.keep_page(workspace, "a", (1, None, None))
    tried(workspace, "a", ATTEMPTS)

    async def run() -> None:
        reading = Reading()
        async with running(workspace, reading):
            job = await once(workspace, "a", lambda job: job.ended)
            assert (job.state, job.pages_read, reading.asked) == ("done", 1, 0)
            assert job.problem is not None and job.problem["hint"].startswith("look at page 2")

    asyncio.run(run())


def test_a_claim_outlasts_a_busy_database_and_a_lost_one_stops_the_work(
    workspace: Workspace, make_pdf: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    renew, renewals = store.renew, iter([True, True])

    def busy_twice(workspace: Workspace, job_id: str, claimant: str) -> bool:
        if next(renewals, False):
            raise WorkspaceBusy("somebody writes")
        return renew(workspace, job_id, claimant)

    monkeypatch.setattr(jobs_module, "RENEWED_EVERY_S", 0.02)
    monkeypatch.setattr(store, "renew", busy_twice)

    async def run() -> None:
        reading = Reading()
        reading.gate.clear()
        async with running(workspace, reading) as jobs:
            job_id = await add(jobs, make_pdf(1))
            await reading.entered.wait()
            await asyncio.sleep(0.3)
            assert list(jobs._under_way) == [job_id]  # it works on
            with workspace.transaction() as session:
                session.get_one(JobRow, job_id).claimed_by = "another service"
            async with asyncio.timeout(LIMIT_S):
                while jobs._under_way:
                    await asyncio.sleep(0.02)
            job = store.job_of(workspace, job_id)
            assert (job.state, job.claimed_by) == ("running", "another service")

    asyncio.run(run())


def test_work_stops_where_the_claim_cannot_be_renewed_in_time(
    workspace: Workspace, make_pdf: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, written = threading.Event(), threading.Event()

    def waiting(workspace: Workspace, job_id: str, claimant: str) -> bool:
        entered.set()
        return written.wait(LIMIT_S)  # for another writer

    monkeypatch.setattr(jobs_module, "RENEWED_EVERY_S", 0.02)
    monkeypatch.setattr(store, "CLAIM_S", 0.3)
    monkeypatch.setattr(store, "renew", waiting)

    async def run() -> None:
        reading = Reading()
        reading.gate.clear()
        async with running(workspace, reading) as jobs:
            job_id = await add(jobs, make_pdf(1))
            await reading.entered.wait()
            work = jobs._under_way[job_id].work
            async with asyncio.timeout(LIMIT_S):
                await asyncio.wait([work])
            assert work.cancelled() and entered.is_set()
            written.set()

    asyncio.run(run())


def test_stopping_leaves_a_job_for_the_next_start_and_counts_no_attempt(
    workspace: Workspace, make_pdf: Make
) -> None:
    async def run() -> None:
        reading = Reading()
        reading.gate.clear()
        async with running(workspace, reading) as jobs:
            job_id = await add(jobs, make_pdf(1))
            await reading.entered.wait()
        job = store.job_of(workspace, job_id)
        assert (job.state, job.attempts, store.unfinished(workspace, 9)) == ("queued", 0, [job_id])

    asyncio.run(run())
