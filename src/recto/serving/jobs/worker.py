"""The worker: reads the pages of one job that aren't there yet, and stores each as soon as it is read.

It works on the event loop, beside the requests, and through the same queue of pages. Who calls it when, and
has it pause, is in `jobs`; what it does to the rows is in `store`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from recto.documents.transcript import Transcript
from recto.errors import DocumentError, PageGivenUp
from recto.serving.answers import RouteJson
from recto.serving.decoding.pool import Decoders
from recto.serving.flow import Flow, PageReading, is_our_fault
from recto.serving.jobs import field_rows, store
from recto.serving.jobs.files import file_of
from recto.serving.jobs.finding import Finding
from recto.serving.jobs.job import Job
from recto.serving.problems import problem_of
from recto.workspace.folder import Workspace

GIVEN_UP_AT_MOST = 3
"""So many pages of a job are given up; where the service stops at one more, the job ends."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Document `place` of a job, `before` which so many pages come; its page `first` is the next one."""

    job: Job
    place: int
    before: int
    first: int


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on jobs of `workspace`.

    `flow_of` says who reads the pages of a job, and how: once each time that the job is worked on. `charge`
    counts pages against the quota of its key, `give_back` takes back those that weren't read after all.
    `finding` finds the fields of documents that are read, where the job asks for them.
    """

    workspace: Workspace
    decoders: Decoders
    max_pages: int
    flow_of: Callable[[Job], tuple[RouteJson, Flow]]
    charge: Callable[[Job, int], Awaitable[None]]
    give_back: Callable[[Job, int], Awaitable[None]]
    finding: Finding

    async def work(self, job: Job, pauses: Callable[[], bool]) -> bool:
        """Read what is missing of the job, and find its fields, until it `pauses`; whether it was all.

        It pauses after a page, or the fields of a document, that is stored.

        Raises what isn't the fault of one of its documents or pages.
        """
        route, flow = self.flow_of(job)
        await asyncio.to_thread(store.routed, self.workspace, job.id, route)
        done, before = job.pages_there, 0
        found = await self.finding.there(job)
        for place, document in enumerate(job.documents):
            count = document["page_count"]
            if count is None or before + count > done:
                part = _Part(job, place, before, max(done - before, 0) + 1)
                count = await self._document(part, flow, pauses)
                if count is None or pauses():
                    return False
            if place >= found:
                await self.finding.find(job, place, range(before + 1, before + count + 1))
                if pauses():
                    return False
            before += count
        return True

    async def give_up_next(self, job: Job) -> bool:
        """Store what is missing next as given up: the service stopped `job.lost` times at it.

        That is a page, or the fields of the document before it. A document that couldn't even be opened
        counts as one page. False where nothing is missing. Raises PageGivenUp where too much was like that.
        """
        number = job.pages_there + 1
        place = await self.finding.there(job)
        if place < job.documents_read:
            await self._check_given_up(job, f"the fields of document {place + 1}")
            await self.finding.give_up(job, place)
            return True
        if job.page_count is not None and number > job.page_count:
            return False  # only its end is missing
        error = PageGivenUp(
            f"the service stopped at this page {job.lost} times",
            hint="it may be damaged, or too complex: save it anew in a simpler form, for example as PNG",
        )
        await self._check_given_up(job, f"page {number}")
        document, _ = job.place_of(number)
        await asyncio.to_thread(store.keep_page, self.workspace, job.id, (number, None, problem_of(error)))
        if document["page_count"] is None:
            place = job.documents.index(document)  # all before it were opened
            await asyncio.to_thread(store.opened, self.workspace, job.id, place, 1)
        else:
            await self.give_back(job, 1)
        return True

    async def _check_given_up(self, job: Job, last: str) -> None:
        """Raises PageGivenUp where enough of the job was given up before."""
        before = await asyncio.to_thread(_given_up, self.workspace, job.id)
        if before >= GIVEN_UP_AT_MOST:
            raise PageGivenUp(
                f"the service stopped again and again at {before + 1} places of it, the last one {last}",
                hint="it may be damaged, or too complex: save it anew in a simpler form, for example as PNG",
            )

    async def _document(self, part: _Part, flow: Flow, pauses: Callable[[], bool]) -> int | None:
        """Read what is missing of a document. How many pages it has; None where it pauses after one of them.

        One that can't be opened counts as one page, which has its problem.
        """
        job, place, before = part.job, part.place, part.before
        document = job.documents[place]
        source = file_of(self.workspace, job.id, place)
        try:
            async with self.decoders.open(
                source, name=document["name"], max_pages=self.max_pages, tenant=job.waits_as
            ) as opened:
                if document["page_count"] is None:
                    await self.charge(job, opened.page_count)
                    await asyncio.to_thread(store.opened, self.workspace, job.id, place, opened.page_count)
                async with aclosing(flow.pages(opened, part.first)) as readings:
                    number = before + part.first
                    async for reading in readings:
                        await self._keep(job, number, reading)
                        number += 1
                        if pauses():
                            return None
                return opened.page_count
        except DocumentError as error:
            if document["page_count"] is not None:
                raise  # it could be opened before: its bytes are gone
            await asyncio.to_thread(store.opened, self.workspace, job.id, place, 1)
            failed = (before + 1, None, problem_of(error))
            await asyncio.to_thread(store.keep_page, self.workspace, job.id, failed)
            return 1

    async def _keep(self, job: Job, number: int, reading: PageReading) -> None:
        if isinstance(reading, Transcript):
            result: store.PageResult = (number, reading.to_json(), None)
        else:
            result = (number, None, problem_of(reading.error))
        await asyncio.to_thread(store.keep_page, self.workspace, job.id, result)
        if is_our_fault(reading):
            await self.give_back(job, 1)


def _given_up(workspace: Workspace, job_id: str) -> int:
    kind = problem_of(PageGivenUp("")).get("type", "")
    return store.problems(workspace, job_id, kind) + field_rows.given_up(workspace, job_id, kind)
