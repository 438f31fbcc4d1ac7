"""Job: documents that are read in the background, and what was asked for. Where it is kept is in `store`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from recto.serving.answers import RouteJson
from recto.serving.extracting.protocol import OWN
from recto.serving.extracting.wanted import SchemaFrom, Wanted
from recto.serving.problems import ProblemJson
from recto.serving.routing import RouteRequest
from recto.settings.serving import Output

State = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled")

ALONE_AFTER = 2
"""Once so many claims of a job ran out without one more page of it, it is read alone, page by page."""


class JobDocument(TypedDict):
    """One document of a job: its name, its hash, and its pages once it was opened."""

    name: str
    sha256: str
    page_count: int | None


class Wish(TypedDict):
    """What was asked for, as the job's row keeps it; `route` is who reads now, `secret` signs its webhook.

    With a `schema`, the fields of each document are looked for.
    """

    agent: str | None
    business: str | None
    category: str | None
    output: Output
    route: NotRequired[RouteJson]
    secret: NotRequired[str]
    schema: NotRequired[Wanted]
    schema_from: NotRequired[SchemaFrom]


@dataclass(frozen=True, slots=True)
class NewJob:
    """What comes from outside: who asks, what for, what the documents are called, and whom to tell."""

    tenant: str
    key_id: int | None
    names: tuple[str, ...]
    wish: Wish
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its row says it is now, and how many of its pages are there."""

    id: str
    tenant: str
    key_id: int | None
    state: State
    documents: tuple[JobDocument, ...]
    wish: Wish
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    problem: ProblemJson | None
    webhook: str | None
    webhook_outcome: str | None
    cancelled: bool
    claimed_by: str | None
    attempts: int
    lost: int
    pages_read: int
    pages_failed: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED

    @property
    def alone(self) -> bool:
        """Whether nothing else is read beside one page of it: perhaps the service dies of one of them."""
        return self.lost >= ALONE_AFTER

    @property
    def pages_there(self) -> int:
        """Pages that were read or have failed: the first ones, because they are stored in order."""
        return self.pages_read + self.pages_failed

    @property
    def pages_missing(self) -> int:
        """Pages of the documents that were opened which aren't there yet."""
        return sum(document["page_count"] or 0 for document in self.documents) - self.pages_there

    @property
    def page_count(self) -> int | None:
        """Pages of all its documents; None until each was opened once."""
        counts = [document["page_count"] for document in self.documents]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def documents_read(self) -> int:
        """Of how many of its first documents all pages are there."""
        pages = 0
        for number, document in enumerate(self.documents):
            pages += document["page_count"] or 0
            if document["page_count"] is None or pages > self.pages_there:
                return number
        return len(self.documents)

    def place_of(self, number: int) -> tuple[JobDocument, int]:
        """The document that page `number` of the job is in, and which of its pages it is."""
        page = number
        for document in self.documents:
            count = document["page_count"]
            if count is None or page <= count:
                return document, page
            page -= count
        raise ValueError(f"job {self.id} has no page {number}")

    @property
    def waits_as(self) -> str:
        """As which tenant its pages wait: its owner's requests don't stand behind those of jobs."""
        return f"jobs of {self.tenant}"

    @property
    def schema_name(self) -> str | None:
        """What the schema is called whose fields are looked for; "own" is one that was sent."""
        schema = self.wish.get("schema")
        return OWN if isinstance(schema, dict) else schema

    @property
    def route_request(self) -> RouteRequest:
        """What its route is made of."""
        return RouteRequest(self.wish["agent"], self.wish["business"], self.wish["category"])


class JobJson(TypedDict):
    """A job as JSON values."""

    id: str
    state: State
    documents: list[JobDocument]
    page_count: int | None
    pages_read: int
    pages_failed: int
    output: Output
    route: RouteJson | None
    schema: str | None
    schema_from: SchemaFrom | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    problem: ProblemJson | None
    webhook: str | None
    webhook_outcome: str | None


def job_json(job: Job) -> JobJson:
    """The documented shape."""
    return {
        "id": job.id,
        "state": job.state,
        "documents": list(job.documents),
        "page_count": job.page_count,
        "pages_read": job.pages_read,
        "pages_failed": job.pages_failed,
        "output": job.wish["output"],
        "route": job.wish.get("route"),
        "schema": job.schema_name,
        "schema_from": job.wish.get("schema_from"),
        "created_at": job.created_at.isoformat(),
        "started_at": None if job.started_at is None else job.started_at.isoformat(),
        "ended_at": None if job.ended_at is None else job.ended_at.isoformat(),
        "problem": job.problem,
        "webhook": job.webhook,
        "webhook_outcome": job.webhook_outcome,
    }
