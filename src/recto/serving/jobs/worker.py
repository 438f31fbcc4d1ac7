"""The worker: reads the pages of one job that aren't there yet, and stores each as soon as it is read.

It works on the event loop, beside the requests, and through the same queue of pages. Of a job that is read
alone it reads one page: then the job is one like any other again. Who calls it when is in `jobs`; what it
does to the rows is in `store`.
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
from recto.serving.jobs import store
from recto.serving.jobs.files import file_of
from recto.serving.jobs.job import Job
from recto.serving.problems import problem_of
from recto.workspace.folder import Workspace

GIVEN_UP_AT_MOST = 3
"""So many pages of a job are given up; where the service stops at one more, the job ends."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on jobs of `workspace`.

    `flow_of` says who reads the pages of a job, and how: once each time that the job is worked on. `charge`
    counts pages against the quota of its key, `give_back` takes back those that weren't read after all.
    """

    workspace: Workspace
    decoders: Decoders
    max_pages: int
    flow_of: Callable[[Job], tuple[RouteJson, Flow]]
    charge: Callable[[Job, int], Awaitable[None]]
    give_back: Callable[[Job, int], Awaitable[None]]

    async def work(self, job: Job) -> bool:
        """Read what is missing of the job, or the next page, where it is read alone; whether that was all.

        Raises what isn't the fault of one of its documents or pages.
        """
        route, flow = self.flow_of(job)
        await asyncio.to_thread(store.routed, self.workspace, job.id, route)
        done, before = job.pages_there, 0
        for place, document in enumerate(job.documents):
            count = document["page_count"]
            if count is None or before + count > done:
                count = await self._document(job, flow, place, before, max(done - before, 0) + 1)
                if job.alone:
                    return False
            before += count
        return True

    async def give_up_page(self, job: Job) -> bool:
        """Store the first page that is missing as given up: the service stopped `job.lost` times at it.

        A document that couldn't even be opened counts as that one page. False where none is missing. Raises
        PageGivenUp where too many of its pages were like that.
        """
        number = job.pages_there + 1
        if job.page_count is not None and number > job.page_count:
            return False  # only its end is missing
        error = PageGivenUp(
            f"the service stopped at this page {job.lost} times",
            hint="it may be damaged, or too complex: save it anew in a simpler form, for example as PNG",
        )
        told = problem_of(error)
        if await asyncio.to_thread(store.problems, self.workspace, job.id, told["type"]) >= GIVEN_UP_AT_MOST:
            raise PageGivenUp(
                f"the service stopped at {GIVEN_UP_AT_MOST + 1} of its pages, the last one page {number}",
                hint=error.hint,
            )
        document, _ = job.place_of(number)
        await asyncio.to_thread(store.keep_page, self.workspace, job.id, (number, None, told))
        if document["page_count"] is None:
            place = job.documents.index(document)  # all before it were opened
            await asyncio.to_thread(store.opened, self.workspace, job.id, place, 1)
        else:
            await self.give_back(job, 1)
        return True

    async def _document(self, job: Job, flow: Flow, place: int, before: int, first: int) -> int:
        """Read a document from page `first` on; `before` pages of the job come before it. How many it has.

        One that can't be opened counts as one page, which has its problem.
        """
        document = job.documents[place]
        source = file_of(self.workspace, job.id, place)
        try:
            async with self.decoders.open(
                source, name=document["name"], max_pages=self.max_pages, tenant=job.waits_as
            ) as opened:
                if document["page_count"] is None:
                    await self.charge(job, opened.page_count)
                    await asyncio.to_thread(store.opened, self.workspace, job.id, place, opened.page_count)
                async with aclosing(flow.pages(opened, first)) as readings:
                    number = before + first
                    async for reading in readings:
                        await self._keep(job, number, reading)
                        number += 1
                        if job.alone:
                            break
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
