"""Service: one object that answers: over HTTP, to OpenAI's clients and to agents (MCP) alike.

It puts together what reads (models, batcher, decoders) and what guards it (quota, room, deadlines). Who asks,
and how the answer is written down, is the routes' matter.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.reading import PageFailure
from recto.errors import DeadlineExpired, Draining, ServingError
from recto.observability.metrics import Metrics
from recto.serving.answers import ReadAnswer, RouteJson, route_json, sure_only
from recto.serving.batcher import Asked, Batcher
from recto.serving.decoding.pool import Decoders
from recto.serving.extracting.asker import Asker
from recto.serving.extracting.extractor import Extractors
from recto.serving.extracting.finder import Finder
from recto.serving.extracting.means import check_means
from recto.serving.extracting.models import ModelProcesses
from recto.serving.extracting.releases import FieldReleases
from recto.serving.facts import ModelFacts, WorkspaceFacts
from recto.serving.flow import Flow, PageReading, is_our_fault
from recto.serving.jobs.finding import Finding
from recto.serving.jobs.job import Job
from recto.serving.jobs.jobs import Jobs
from recto.serving.jobs.worker import Worker
from recto.serving.keys import Caller, caller_with
from recto.serving.models import Load, Model, Models
from recto.serving.records import Records
from recto.serving.routing import Route, RouteRequest, route
from recto.serving.samples import Reading
from recto.serving.sessions import Attempts
from recto.settings import Settings
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL

Watch = Callable[[Page], None]
"""Is shown a page before it is read, in a thread."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document from outside: its bytes, or where they are, and what its sender calls it."""

    source: Path | bytes | IO[bytes]
    name: str


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, what the request says of itself, until when (the event loop's time), and its id."""

    caller: Caller
    route: RouteRequest
    deadline: float
    request_id: str


class Service:
    """Reads what it is given, as its settings allow, from `start` to `drain`.

    Without a workspace it reads with the base model, knows no keys and takes no jobs; one that an agent has
    started for itself doesn't take the workspace's, either. `load` loads the engine of a Release or of the
    base model in place of the catalog.
    """

    def __init__(
        self,
        settings: Settings,
        workspace: Workspace | None = None,
        load: Load | None = None,
        *,
        takes_jobs: bool = True,
    ) -> None:
        self.settings, self.workspace = settings, workspace
        price = settings.training.price_per_hour
        self.metrics = Metrics(price_per_hour=price, currency=settings.workspace.currency)
        self.models = Models(workspace, settings.serving, load, self.metrics)
        self.batcher = Batcher(settings.serving, self.metrics)
        self.decoders = Decoders(settings.uploads)
        self.extractors = Extractors(settings.extraction)
        self.language_models = ModelProcesses(settings)
        asker = Asker(self.extractors, self.language_models)
        self.finder = Finder(settings.extraction, asker, FieldReleases(workspace), self.metrics)
        self.attempts = Attempts()
        self.records = None if workspace is None else Records(workspace, settings)
        self.jobs = self._jobs(workspace) if workspace and takes_jobs else None
        self._life = AsyncExitStack()
        self._draining = False
        self.metrics.watch(ModelFacts(self.models))
        if workspace is not None:
            self.metrics.watch(WorkspaceFacts(workspace))

    @property
    def draining(self) -> bool:
        """Whether it is about to stop, and accepts nothing more."""
        return self._draining

    async def start(self) -> None:
        """Load the models, start what decodes and reads, and go on with jobs. Raises what is in the way."""
        check_means(self.settings)
        async with AsyncExitStack() as life:
            life.callback(self.models.close)
            await self.models.start()
            life.push_async_callback(self.decoders.close)
            await self.decoders.start()
            life.push_async_callback(self.extractors.close)
            life.push_async_callback(self.language_models.close)
            if self.settings.extraction.extractor != "tagger":
                loading = self.language_models.load(self.settings.extraction.extractor)
                life.push_async_callback(_cancelled, asyncio.create_task(loading))
            if self.records is not None:
                life.push_async_callback(self.records.close)
                self.records.start()
            life.push_async_callback(self.batcher.drain, self.settings.serving.drain_timeout_s)
            await self.batcher.start()
            life.push_async_callback(_cancelled, asyncio.create_task(self.models.watch()))
            if self.jobs is not None:
                life.push_async_callback(self.jobs.close)
                await self.jobs.start()
            self._life = life.pop_all()

    async def drain(self) -> None:
        """Accept nothing more, answer what was accepted, and stop. Jobs are interrupted: they go on later."""
        self._draining = True
        await self._life.aclose()

    @contextmanager
    def accepted(self, caller: Caller) -> Iterator[None]:
        """Room for one request of `caller` until the block ends; `read` is for within it.

        It is asked for before the body is looked at. Raises Draining, QueueFull.
        """
        self.check_open()
        with self.batcher.entrance.admit(caller.tenant):
            yield

    def check_open(self) -> None:
        """Raises Draining where the service accepts nothing more."""
        if self._draining:
            raise Draining("the service is about to stop", hint="try again in a moment")

    def route(self, asked: RouteRequest, caller: Caller) -> Route:
        """Which scope reads, and why. Raises RequestRefused for an agent that doesn't exist, NotAllowed.

        Who names no business type asks for the general one, also where the business type that he names has no
        Release of its own.
        """
        chosen = route(asked, self.settings.agents, self.models.scopes)
        of_agent = None if chosen.agent is None else chosen.agent.scope
        named = {name for name in (asked.business, of_agent, chosen.scope) if name and name != GENERAL}
        for business in named or {GENERAL}:
            caller.check_business(business)
        return chosen

    async def read(self, upload: Upload, asking: Asking, watch: Watch | None = None) -> ReadAnswer:
        """Read a document for a request that was `accepted`; `watch` is shown each page that can be opened.

        Raises DocumentErrors, also where no page of it can be read; RequestRefused, NotAllowed, RateLimited,
        DeadlineExpired.
        """
        clock = asyncio.get_running_loop().time
        began = clock()
        chosen = self.route(asking.route, asking.caller)
        model = self.models.current(chosen.scope, chosen.task)
        chosen = chosen.with_remark(model.remark)
        try:
            async with asyncio.timeout_at(asking.deadline):
                pages = await self._pages(upload, model, asking, watch)
        except TimeoutError:
            hint = "send it as a job, or fewer pages"
            raise DeadlineExpired("the document wasn't read in time", hint=hint) from None
        if isinstance(pages[0], PageFailure) and all(isinstance(page, PageFailure) for page in pages):
            raise pages[0].error
        with self.metrics.stage("postprocess", pages=len(pages)):
            sure = tuple(page if isinstance(page, PageFailure) else sure_only(page, chosen) for page in pages)
        return ReadAnswer(
            asking.request_id, upload.name, asking.route.agent, chosen, model, sure, clock() - began
        )

    async def _pages(
        self, upload: Upload, model: Model, asking: Asking, watch: Watch | None
    ) -> tuple[PageReading, ...]:
        most = self.settings.uploads.max_pages
        tenant = asking.caller.tenant
        async with self.decoders.open(
            upload.source, name=upload.name, max_pages=most, tenant=tenant
        ) as opened:
            await self._charge(asking.caller, opened.page_count)

            async def read(page: Page) -> Transcript:
                if watch is not None:
                    await asyncio.to_thread(watch, page)
                asked = Asked(page, model, tenant, asking.deadline, admitted=True)
                transcript = await self.batcher.read(asked)
                self._offer(Reading(page, transcript, asking.request_id, model.scope))
                return transcript

            with (
                self.given_back_if_late(asking, opened.page_count),
                self.batcher.entrance.widened(opened.page_count, tenant) as window,
            ):
                async with aclosing(Flow(read, window, self._timing).pages(opened)) as readings:
                    pages = tuple([reading async for reading in readings])
            self._give_back(asking.caller, sum(map(is_our_fault, pages)))
            return pages

    @contextmanager
    def given_back_if_late(self, asking: Asking, pages: int) -> Iterator[None]:
        """What isn't answered by our fault, being late or about to stop, doesn't count; hanging up does."""
        try:
            yield
        except asyncio.CancelledError:
            if asyncio.get_running_loop().time() >= asking.deadline:
                self._give_back(asking.caller, pages)
            raise
        except ServingError:
            self._give_back(asking.caller, pages)
            raise

    def _jobs(self, workspace: Workspace) -> Jobs:
        most = self.settings.uploads.max_job_pages
        quota = self._charge_job, self._give_back_of_job
        finding = Finding(workspace, self.finder, self.decoders)
        worker = Worker(workspace, self.decoders, most, self._flow_of, *quota, finding)
        return Jobs(workspace, self.settings.jobs, worker, lambda: self.batcher.hangs.why is not None)

    def _flow_of(self, job: Job) -> tuple[RouteJson, Flow]:
        """A job reads with the model that is current when it begins or goes on, and waits for its turn."""
        chosen = route(job.route_request, self.settings.agents, self.models.scopes)
        model = self.models.current(chosen.scope, chosen.task)
        chosen = chosen.with_remark(model.remark)

        async def read(page: Page) -> Transcript:
            async with self.batcher.entrance.admit_patiently(job.waits_as):
                transcript = await self.batcher.read(Asked(page, model, job.waits_as, admitted=True))
            self._offer(Reading(page, transcript, job.id, model.scope))
            return sure_only(transcript, chosen)

        window = 1 if job.alone else self.batcher.entrance.window
        flow = Flow(read, window, self._timing)
        return route_json(chosen, job.wish["agent"]), flow

    def _timing(self) -> AbstractContextManager[None]:
        return self.metrics.stage("preprocess", pages=1)

    def _offer(self, reading: Reading) -> None:
        if self.records is not None:
            self.records.samples.offer(reading)

    async def _charge_job(self, job: Job, pages: int) -> None:
        if self.workspace is not None:
            caller = await asyncio.to_thread(caller_with, self.workspace, job.key_id)
            await self._charge(caller, pages)

    async def _give_back_of_job(self, job: Job, pages: int) -> None:
        if self.workspace is not None:
            caller = await asyncio.to_thread(caller_with, self.workspace, job.key_id)
            await asyncio.to_thread(self._give_back, caller, pages)

    async def _charge(self, caller: Caller, pages: int) -> None:
        if self.records is not None:
            await asyncio.to_thread(self.records.quota.take, caller, pages)

    def _give_back(self, caller: Caller, pages: int) -> None:
        if self.records is not None and pages:
            self.records.quota.give_back(caller, pages)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
