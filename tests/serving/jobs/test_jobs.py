"""Jobs in one process: what is found again, tried again, and given up."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import update

from recto.documents.page import Page
from recto.documents.transcript import Transcript, TranscriptJson
from recto.engines.fake import FakeEngine
from recto.errors import EngineError, PageGivenUp, RequestRefused, ServingError, WorkspaceBusy
from recto.extraction.fields import ExtractionJson
from recto.observability.metrics import Metrics
from recto.serving.answers import RouteJson
from recto.serving.decoding.pool import Decoders
from recto.serving.extracting.asker import Asker, Look, Turn
from recto.serving.extracting.extractor import Extractors
from recto.serving.extracting.finder import Finder
from recto.serving.extracting.models import ModelProcesses
from recto.serving.extracting.releases import FieldReleases
from recto.serving.extracting.wanted import Wanted
from recto.serving.flow import Flow
from recto.serving.jobs import field_rows, store
from recto.serving.jobs import jobs as jobs_module
from recto.serving.jobs.files import keep_file
from recto.serving.jobs.finding import Finding
from recto.serving.jobs.job import ALONE_AFTER, Job, NewJob, Wish
from recto.serving.jobs.jobs import ATTEMPTS, Jobs
from recto.serving.jobs.worker import GIVEN_UP_AT_MOST, Worker
from recto.serving.problems import problem_of
from recto.settings import Settings, UploadSettings
from recto.settings.serving import ExtractionSettings, JobSettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow

from ...conftest import Make
from ..engines import LIMIT_S

ROUTE: RouteJson = {"scope": "general", "agent": None, "why": "so"}
WISH: Wish = {"agent": None, "business": None, "category": None, "output": "pages"}
WANTING: Wish = {**WISH, "schema": "receipt", "schema_from": "request"}


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


class Stepping(Reading):
    """Reads as many pages as it is given `steps`."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = asyncio.Semaphore(0)

    async def read(self, page: Page) -> Transcript:
        self.entered.set()
        await self.steps.acquire()
        return await super().read(page)


class Quota:
    """Pages that count against the day of whoever asked."""

    def __init__(self) -> None:
        self.pages = 0

    async def charge(self, _: Job, pages: int) -> None:
        self.pages += pages

    async def give_back(self, _: Job, pages: int) -> None:
        self.pages -= pages


def finder_of(kind: type[Finder]) -> Finder:
    """One that goes by the tagger."""
    asker = Asker(Extractors(ExtractionSettings()), ModelProcesses(Settings()))
    return kind(ExtractionSettings(), asker, FieldReleases(None), Metrics())


@asynccontextmanager
async def running(
    workspace: Workspace,
    reading: Reading,
    quota: Quota | None = None,
    workers: int = 1,
    hangs: Callable[[], bool] = lambda: False,
) -> AsyncIterator[Jobs]:
    decoders, counting = Decoders(UploadSettings(decode_workers=1)), quota or Quota()
    finder = finder_of(Finder)
    finding = Finding(workspace, finder, decoders)
    worker = Worker(workspace, decoders, 100, reading, counting.charge, counting.give_back, finding)
    jobs = Jobs(workspace, JobSettings(workers=workers), worker, hangs)
    await decoders.start()
    await jobs.start()
    try:
        yield jobs
    finally:
        await jobs.close()
        await finder.asker.extractors.close()
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


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.02)


def tried(workspace: Workspace, job_id: str, times: int) -> None:
    with workspace.transaction() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(attempts=times, claimed_until=None))


def lost(workspace: Workspace, job_id: str, times: int) -> None:
    """So many services died of it before it is claimed again."""
    values = {"state": "running", "attempts": times, "lost": times - 1, "claimed_until": None}
    with workspace.transaction() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(values))


def added(workspace: Workspace, job_id: str, *documents: bytes, wish: Wish = WISH) -> None:
    """A job that no service knows of yet."""
    hashes = [keep_file(workspace, job_id, n, io.BytesIO(document)) for n, document in enumerate(documents)]
    new = NewJob("mine", None, tuple(f"{n}.pdf" for n in range(len(documents))), wish)
    store.add_job(workspace, job_id, new, hashes)


def test_a_job_whose_id_was_lost_is_found(workspace: Workspace, make_pdf: Make) -> None:
    async def run() -> None:
        async with running(workspace, Reading()):
            await asyncio.sleep(0.2)  # what is there at the start was looked for
            added(workspace, "a", make_pdf(1))
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


@pytest.mark.parametrize("is_open", [True, False])
def test_a_page_that_ends_the_service_again_and_again_is_given_up(
    workspace: Workspace, make_pdf: Make, is_open: bool
) -> None:
    added(workspace, "a", make_pdf(3), make_pdf(1))
    if is_open:
        store.opened(workspace, "a", 0, 3)
    lost(workspace, "a", ATTEMPTS)
    quota = Quota()

    async def run() -> Job:
        async with running(workspace, Reading(), quota):
            return await once(workspace, "a", lambda job: job.ended)

    job = asyncio.run(run())
    pages = store.results(workspace, "a", 0, 9)
    kinds = [None if problem is None else problem["type"] for _, _, problem in pages]
    assert kinds == ["urn:recto:problem:page-given-up", *([None] * (3 if is_open else 1))]
    assert (job.state, job.problem) == ("done", None)
    assert quota.pages == (0 if is_open else 1)  # of the first document, one is given back


def test_a_job_ends_where_too_many_of_its_pages_end_the_service(workspace: Workspace, make_pdf: Make) -> None:
    added(workspace, "a", make_pdf(9))
    store.opened(workspace, "a", 0, 9)
    told = problem_of(PageGivenUp("it stopped"))
    store.keep_page(workspace, "a", (1, None, None))
    for page in range(2, 2 + GIVEN_UP_AT_MOST):
        store.keep_page(workspace, "a", (page, None, told))
    lost(workspace, "a", ATTEMPTS)
    quota, reading = Quota(), Reading()

    async def run() -> Job:
        async with running(workspace, reading, quota):
            return await once(workspace, "a", lambda job: job.ended)

    job = asyncio.run(run())
    assert (job.state, job.pages_read, reading.asked) == ("done", 1, 0)
    assert job.problem is not None and job.problem["type"] == told["type"]
    assert quota.pages == -5  # those that nobody looked at


def read_pages(workspace: Workspace, job_id: str, *counts: int) -> None:
    """All pages of its documents are there."""
    for place, count in enumerate(counts):
        store.opened(workspace, job_id, place, count)
    for number in range(1, sum(counts) + 1):
        said = Transcript("0.pdf", number, 9, 9, "Total 12.00", (), "fake").to_json()
        store.keep_page(workspace, job_id, (number, said, None))


def test_missing_fields_are_found_without_reading_again(workspace: Workspace, make_pdf: Make) -> None:
    added(workspace, "a", make_pdf(1), make_pdf(2), wish=WANTING)
    read_pages(workspace, "a", 1, 2)
    field_rows.keep_fields(workspace, "a", (1, None, problem_of(PageGivenUp("so"))))
    reading = Reading()

    async def run() -> None:
        async with running(workspace, reading):
            job = await once(workspace, "a", lambda job: job.ended)
            assert (job.state, job.pages_read) == ("done", 3)

    asyncio.run(run())
    first, second = field_rows.fields_of(workspace, "a", 0, 9)
    assert first[2] is not None  # what was there stays
    assert second[1] is not None and second[1]["missing"] == ["vendor", "date", "total"]
    assert not reading.entered.is_set()


def test_fields_that_end_the_service_again_and_again_are_given_up(
    workspace: Workspace, make_pdf: Make
) -> None:
    added(workspace, "a", make_pdf(1), make_pdf(1), wish=WANTING)
    store.opened(workspace, "a", 0, 1)
    store.keep_page(workspace, "a", (1, None, problem_of(EngineError("so"))))
    lost(workspace, "a", ATTEMPTS)

    async def run() -> None:
        async with running(workspace, Reading()):
            job = await once(workspace, "a", lambda job: job.ended)
            assert (job.state, job.pages_read, job.lost) == ("done", 1, 0)

    asyncio.run(run())
    first, second = field_rows.fields_of(workspace, "a", 0, 9)
    assert first[2] is not None and first[2]["type"] == "urn:recto:problem:page-given-up"
    assert second[1] is not None


def test_a_job_ends_where_too_much_of_it_ends_the_service(workspace: Workspace, make_pdf: Make) -> None:
    documents = [make_pdf(1) for _ in range(GIVEN_UP_AT_MOST + 1)]
    added(workspace, "a", *documents, wish=WANTING)
    read_pages(workspace, "a", *(1 for _ in documents))
    for document in range(1, GIVEN_UP_AT_MOST + 1):
        field_rows.keep_fields(workspace, "a", (document, None, problem_of(PageGivenUp("so"))))
    lost(workspace, "a", ATTEMPTS)

    async def run() -> None:
        async with running(workspace, Reading()):
            job = await once(workspace, "a", lambda job: job.ended)
            assert job.state == "done" and job.problem is not None
            assert "the fields of document 4" in job.problem["detail"]

    asyncio.run(run())
    assert len(field_rows.fields_of(workspace, "a", 0, 9)) == GIVEN_UP_AT_MOST


def test_a_busy_database_is_no_problem_of_the_document(workspace: Workspace, make_pdf: Make) -> None:
    """Nothing is stored: the job is put off, and they are looked for again."""
    added(workspace, "a", make_pdf(1), wish=WANTING)
    read_pages(workspace, "a", 1)

    class Failing(Finder):
        async def of_pages(
            self, wanted: Wanted, pages: Sequence[TranscriptJson], turn: Turn, look: Look | None
        ) -> ExtractionJson:
            raise WorkspaceBusy("busy")

    async def run() -> None:
        finding = Finding(workspace, finder_of(Failing), Decoders(UploadSettings()))
        with pytest.raises(WorkspaceBusy):
            await finding.find(store.job_of(workspace, "a"), 0, range(1, 2))
        assert await finding.there(store.job_of(workspace, "a")) == 0

    asyncio.run(run())


def test_a_job_that_lacks_only_its_end_gives_up_no_page(workspace: Workspace, make_pdf: Make) -> None:
    added(workspace, "a", make_pdf(1))
    store.opened(workspace, "a", 0, 1)
    store.keep_page(workspace, "a", (1, None, None))
    lost(workspace, "a", ATTEMPTS)

    async def run() -> None:
        async with running(workspace, Reading()):
            job = await once(workspace, "a", lambda job: job.ended)
            assert (job.state, job.pages_read, job.pages_failed) == ("done", 1, 0)

    asyncio.run(run())


def test_nothing_is_begun_beside_a_job_that_is_read_alone(workspace: Workspace, make_pdf: Make) -> None:
    added(workspace, "a", make_pdf(1))
    lost(workspace, "a", ALONE_AFTER)

    async def run() -> None:
        reading = Reading()
        reading.gate.clear()
        async with running(workspace, reading, workers=2) as jobs:
            await reading.entered.wait()
            job_id = await add(jobs, make_pdf(1))
            assert await jobs._begun() is None
            assert list(jobs._under_way) == ["a"]
            reading.gate.set()
            await once(workspace, job_id, lambda job: job.state == "done")

    asyncio.run(run())


def test_once_a_page_is_there_others_are_begun_beside_the_job_again(
    workspace: Workspace, make_pdf: Make
) -> None:
    added(workspace, "a", make_pdf(3))
    lost(workspace, "a", ALONE_AFTER)

    async def run() -> None:
        reading = Stepping()
        async with running(workspace, reading, workers=2) as jobs:
            await reading.entered.wait()
            other = await add(jobs, make_pdf(1))
            reading.steps.release()  # one page of "a"
            await once(workspace, other, lambda job: job.state == "running")
            job = await once(workspace, "a", lambda job: job.state == "running")
            assert (job.alone, job.pages_there) == (False, 1)
            for _ in range(3):
                reading.steps.release()
            for job_id in ("a", other):
                await once(workspace, job_id, lambda job: job.state == "done")

    asyncio.run(run())


def test_a_long_job_makes_room_between_two_pages_for_one_that_is_read_alone(
    workspace: Workspace, make_pdf: Make
) -> None:
    async def run() -> None:
        reading = Stepping()
        async with running(workspace, reading, workers=2) as jobs:
            long = await add(jobs, make_pdf(3))
            await reading.entered.wait()
            added(workspace, "a", make_pdf(1))
            lost(workspace, "a", ALONE_AFTER)
            await eventually(lambda: jobs._alone_waits)
            reading.steps.release()
            job = await once(workspace, "a", lambda job: job.claimed_by is not None)
            assert store.job_of(workspace, long).state == "queued"
            assert (job.alone, store.job_of(workspace, long).pages_there) == (True, 1)
            for _ in range(3):
                reading.steps.release()
            for job_id in ("a", long):
                await once(workspace, job_id, lambda job: job.state == "done")

    asyncio.run(run())


@pytest.mark.parametrize("hangs", [True, False])
def test_what_is_interrupted_while_an_engine_hangs_counts_as_lost(
    workspace: Workspace, make_pdf: Make, hangs: bool
) -> None:
    async def run() -> str:
        reading = Reading()
        reading.gate.clear()
        async with running(workspace, reading, hangs=lambda: hangs) as jobs:
            job_id = await add(jobs, make_pdf(1))
            await reading.entered.wait()
        return job_id

    job = store.job_of(workspace, asyncio.run(run()))
    assert (job.state, job.lost) == ("queued", int(hangs))


def test_pages_at_which_the_model_fails_are_given_back(workspace: Workspace, make_pdf: Make) -> None:
    reading, quota = Reading(), Quota()

    async def fail(page: Page) -> Transcript:
        if page.number == 2:
            raise EngineError("it broke")
        return await Reading.read(reading, page)

    reading.read = fail  # type: ignore[method-assign]

    async def run() -> Job:
        async with running(workspace, reading, quota) as jobs:
            return await once(workspace, await add(jobs, make_pdf(3)), lambda job: job.ended)

    job = asyncio.run(run())
    assert (job.pages_read, job.pages_failed, quota.pages) == (2, 1, 2)


def test_pages_that_an_early_end_leaves_unread_are_given_back(workspace: Workspace, make_pdf: Make) -> None:
    reading, quota = Reading(), Quota()

    async def fail(page: Page) -> Transcript:
        if page.number == 2:
            raise RequestRefused("no more")
        return await Reading.read(reading, page)

    reading.read = fail  # type: ignore[method-assign]

    async def run() -> Job:
        async with running(workspace, reading, quota) as jobs:
            return await once(workspace, await add(jobs, make_pdf(5)), lambda job: job.ended)

    job = asyncio.run(run())
    assert (job.state, job.pages_read, quota.pages) == ("done", 1, 1)


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
