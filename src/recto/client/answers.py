"""What a service answers: the values that the client gives back, made of its JSON. Nothing is asked here."""

from dataclasses import dataclass
from typing import Literal, TypedDict, cast

from recto.documents.transcript import Transcript, TranscriptJson, transcript_from_json
from recto.extraction.fields import Extraction, ExtractionJson, extraction_from_json

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """One page: its Transcript or its text, as was asked for, or what was wrong with it."""

    document: str
    page: int
    transcript: Transcript | None
    text: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read of one document, by which Release (None: the base model), and why that one."""

    request_id: str
    document: str
    release: str | None
    engine: str
    scope: str
    why: str
    pages: tuple[PageAnswer, ...]
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one document, and which extractor found them; `failed_pages` weren't looked at."""

    request_id: str
    document: str
    release: str | None
    engine: str
    extraction: Extraction
    failed_pages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JobFields:
    """The fields of document `number` of a job, or why they couldn't be found."""

    number: int
    document: str
    extraction: Extraction | None
    failed_pages: tuple[int, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How far a job has come; `webhook_secret` is known to whoever added it only."""

    id: str
    state: State
    page_count: int | None
    pages_read: int
    pages_failed: int
    problem: str | None
    webhook_secret: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state not in ("queued", "running")


@dataclass(frozen=True, slots=True)
class ReadingRelease:
    """Which Release reads a scope in the service (None: the base model)."""

    scope: str
    release: str | None
    engine: str
    problem: str | None


class ProblemJson(TypedDict, total=False):
    """A problem, as far as the client looks at it."""

    type: str
    detail: str
    hint: str
    request_id: str


class PageJson(TypedDict, total=False):
    """A page of an answer or a job."""

    document: str
    page: int
    transcript: TranscriptJson
    text: str
    problem: ProblemJson


class RouteJson(TypedDict):
    """Who read, and why."""

    scope: str
    why: str


class AnswerJson(TypedDict):
    """An answer of POST /v1/read."""

    request_id: str
    document: str
    release: str | None
    engine: str
    route: RouteJson
    pages: list[PageJson]
    seconds: float


def answer_of(told: AnswerJson) -> Answer:
    """What was read of a document."""
    pages = tuple(page_of({"document": told["document"], **page}) for page in told["pages"])
    return Answer(
        request_id=told["request_id"],
        document=told["document"],
        release=told["release"],
        engine=told["engine"],
        scope=told["route"]["scope"],
        why=told["route"]["why"],
        pages=pages,
        text="\n\n".join(page.text for page in pages if page.problem is None),
        seconds=told["seconds"],
    )


def fields_of(told: dict[str, object]) -> Fields:
    """What was found in a document."""
    release = told["release"]
    failed = cast(list[dict[str, int]], told["failed_pages"])
    return Fields(
        request_id=str(told["request_id"]),
        document=str(told["document"]),
        release=None if release is None else str(release),
        engine=str(told["engine"]),
        extraction=extraction_from_json(cast(ExtractionJson, told)),
        failed_pages=tuple(page["page"] for page in failed),
    )


def job_fields_of(told: dict[str, object]) -> JobFields:
    """What was found in a document of a job."""
    problem = cast(ProblemJson | None, told.get("problem"))
    failed = cast(list[dict[str, int]], told.get("failed_pages", []))
    return JobFields(
        number=cast(int, told["number"]),
        document=str(told["document"]),
        extraction=None if problem else extraction_from_json(cast(ExtractionJson, told)),
        failed_pages=tuple(page["page"] for page in failed),
        problem=None if problem is None else problem["detail"],
    )


def page_of(told: PageJson) -> PageAnswer:
    """One page."""
    problem = told.get("problem")
    transcript = transcript_from_json(told["transcript"]) if "transcript" in told else None
    return PageAnswer(
        document=told["document"],
        page=told["page"],
        transcript=transcript,
        text=told.get("text", transcript.text if transcript else ""),
        problem=None if problem is None else problem["detail"],
    )


def status_of(told: dict[str, object]) -> JobStatus:
    """How far a job has come."""
    problem = cast(ProblemJson | None, told["problem"])
    return JobStatus(
        id=str(told["id"]),
        state=cast(State, told["state"]),
        page_count=cast(int | None, told["page_count"]),
        pages_read=cast(int, told["pages_read"]),
        pages_failed=cast(int, told["pages_failed"]),
        problem=None if problem is None else problem["detail"],
        webhook_secret=cast(str | None, told.get("webhook_secret")),
    )
