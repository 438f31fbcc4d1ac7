"""Client: a small typed client of a recto service, for Python programs: `pip install 'recto[service]'`.

    from recto.client import Client

    with Client("http://127.0.0.1:8000", key="recto_…") as recto:
        print(recto.read("receipt.jpg").text)

What the service refuses is raised as ServiceProblem, with what it said. Nothing is read here.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self, TypedDict, cast

from recto.datasets.example import JsonValue
from recto.documents.transcript import Transcript, TranscriptJson, transcript_from_json
from recto.errors import DeadlineExpired, DocumentNotFound, MissingPackage, ServingError
from recto.extraction.fields import Extraction, ExtractionJson, extraction_from_json

try:
    import httpx
except ModuleNotFoundError as error:
    raise MissingPackage(
        f"{error.name} isn't installed: no service can be asked", hint="pip install 'recto[service]'"
    ) from None

Output = Literal["pages", "text", "markdown"]
State = Literal["queued", "running", "done", "failed", "cancelled"]

DEFAULT_TIMEOUT_S = 150.0
"""More than the two minutes that a service takes at most by default: one to receive, one to read."""
_PAGES_AT_ONCE = 100
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.1, 5.0


class ServiceProblem(ServingError):
    """What the service refused, and why: `status` as HTTP counts it, `type` for programs."""

    def __init__(self, status: int, told: "_Problem", retry_after_s: float | None = None) -> None:
        self.status, self.type = status, told.get("type", "")
        self.request_id = told.get("request_id")
        self.retry_after_s = retry_after_s
        super().__init__(told.get("detail", f"the service answered {status}"), hint=told.get("hint", ""))


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who should read, and what the answer holds; the service decides what isn't said."""

    agent: str | None = None
    business: str | None = None
    category: str | None = None
    output: Output | None = None

    def fields(self) -> dict[str, str]:
        """As a form."""
        said = {
            "agent": self.agent,
            "business": self.business,
            "category": self.category,
            "output": self.output,
        }
        return {name: value for name, value in said.items() if value is not None}


ANYTHING = Wanted()


class Client:
    """Asks the service at `url`, with `key` once it has keys. Close it, or use it as a context manager."""

    def __init__(self, url: str, *, key: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def read(self, path: Path | str, wanted: Wanted = ANYTHING) -> Answer:
        """Read one document. Raises DocumentNotFound, ServiceProblem, ServingError."""
        with ExitStack() as files:
            told = self._ask("POST", "/v1/read", data=wanted.fields(), files=_parts([path], files))
        return _answer(cast(_Answer, told))

    def extract(
        self, path: Path | str, schema: str | Mapping[str, JsonValue], wanted: Wanted = ANYTHING
    ) -> Fields:
        """The fields of one document; `schema` is a name, or a JSON Schema. Raises as `read`.

        What `wanted` says of the output means nothing here.
        """
        fields = wanted.fields() | {"schema": schema if isinstance(schema, str) else json.dumps(dict(schema))}
        fields.pop("output", None)
        with ExitStack() as files:
            told = self._ask("POST", "/v1/extract", data=fields, files=_parts([path], files))
        return _fields(told)

    def extract_text(
        self,
        text: str,
        schema: str | Mapping[str, JsonValue],
        *,
        doc_id: str = "text",
        wanted: Wanted = ANYTHING,
    ) -> Fields:
        """The fields of a text that was read already. Raises ServiceProblem, ServingError."""
        asked: dict[str, object] = {**wanted.fields(), "text": text, "schema": schema, "doc_id": doc_id}
        asked.pop("output", None)
        return _fields(self._ask("POST", "/v1/extract", json=asked))

    def submit(
        self, paths: Sequence[Path | str], wanted: Wanted = ANYTHING, *, webhook: str | None = None
    ) -> JobStatus:
        """Have documents read in the background. Raises as `read`."""
        fields = wanted.fields() | ({} if webhook is None else {"webhook": webhook})
        with ExitStack() as files:
            return _status(self._ask("POST", "/v1/jobs", data=fields, files=_parts(paths, files)))

    def job(self, job_id: str) -> JobStatus:
        """How far it has come. Raises ServiceProblem, ServingError."""
        return _status(self._ask("GET", f"/v1/jobs/{job_id}"))

    def wait(self, job_id: str, *, timeout_s: float | None = None) -> JobStatus:
        """How it ended, once it has. Raises DeadlineExpired where that takes longer; the job goes on."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = _FIRST_LOOK_S
        while not (status := self.job(job_id)).ended:
            if until is not None and time.monotonic() + pause_s > until:
                raise DeadlineExpired(f"job {job_id} hasn't ended yet", hint="wait longer: it goes on")
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_LOOK_S)
        return status

    def pages(self, job_id: str) -> Iterator[PageAnswer]:
        """The pages of a job that are there now, in order, fetched a few at a time."""
        after: int | None = 0
        while after is not None:
            query = {"after": after, "limit": _PAGES_AT_ONCE}
            told = self._ask("GET", f"/v1/jobs/{job_id}/pages", params=query)
            pages = cast(list[_Page], told["pages"])
            yield from map(_page, pages)
            after = cast(int | None, told["next"]) if pages else None

    def cancel(self, job_id: str) -> JobStatus:
        """End it; the pages that were read stay. Raises ServiceProblem, ServingError."""
        return _status(self._ask("DELETE", f"/v1/jobs/{job_id}"))

    def releases(self) -> tuple[ReadingRelease, ...]:
        """What reads which scope. Raises ServiceProblem, ServingError."""
        reading = cast(list[dict[str, str | None]], self._ask("GET", "/v1/releases")["reading"])
        return tuple(
            ReadingRelease(str(one["scope"]), one["release"], str(one["engine"]), one["problem"])
            for one in reading
        )

    def _ask(
        self,
        method: str,
        path: str,
        *,
        data: dict[str, str] | None = None,
        files: "_Parts | None" = None,
        params: dict[str, int] | None = None,
        json: dict[str, object] | None = None,
    ) -> dict[str, object]:
        try:
            answer = self._http.request(method, path, data=data, files=files, params=params, json=json)
            told = cast(dict[str, object], answer.json())
        except httpx.TimeoutException:
            raise DeadlineExpired("the service doesn't answer in time", where=self._http.base_url) from None
        except (httpx.HTTPError, ValueError) as error:
            raise ServingError(
                f"the service can't be asked ({type(error).__name__})",
                where=self._http.base_url,
                hint="check that it runs at this address",
            ) from None
        if answer.is_success:
            return told
        after = answer.headers.get("retry-after")
        retry_after_s = None if after is None else float(after)
        raise ServiceProblem(answer.status_code, cast(_Problem, told), retry_after_s)


class _Problem(TypedDict, total=False):
    type: str
    detail: str
    hint: str
    request_id: str


class _Page(TypedDict, total=False):
    document: str
    page: int
    transcript: TranscriptJson
    text: str
    problem: _Problem


class _Route(TypedDict):
    scope: str
    why: str


class _Answer(TypedDict):
    request_id: str
    document: str
    release: str | None
    engine: str
    route: _Route
    pages: list[_Page]
    seconds: float


_Parts = list[tuple[str, tuple[str, BinaryIO]]]


def _parts(paths: Sequence[Path | str], files: ExitStack) -> _Parts:
    return [("file", (Path(path).name, files.enter_context(_opened(Path(path))))) for path in paths]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        raise DocumentNotFound(what, where=path, hint="check the path") from None


def _answer(told: _Answer) -> Answer:
    pages = tuple(_page({"document": told["document"], **page}) for page in told["pages"])
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


def _fields(told: dict[str, object]) -> Fields:
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


def _page(told: _Page) -> PageAnswer:
    problem = told.get("problem")
    transcript = transcript_from_json(told["transcript"]) if "transcript" in told else None
    return PageAnswer(
        document=told["document"],
        page=told["page"],
        transcript=transcript,
        text=told.get("text", transcript.text if transcript else ""),
        problem=None if problem is None else problem["detail"],
    )


def _status(told: dict[str, object]) -> JobStatus:
    problem = cast(_Problem | None, told["problem"])
    return JobStatus(
        id=str(told["id"]),
        state=cast(State, told["state"]),
        page_count=cast(int | None, told["page_count"]),
        pages_read=cast(int, told["pages_read"]),
        pages_failed=cast(int, told["pages_failed"]),
        problem=None if problem is None else problem["detail"],
        webhook_secret=cast(str | None, told.get("webhook_secret")),
    )
