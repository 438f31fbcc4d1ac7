"""Asking a service: the client, what may be wanted of it, and what it refuses."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self, cast

from recto.client.answers import (
    Answer,
    AnswerJson,
    Fields,
    JobFields,
    JobStatus,
    PageAnswer,
    PageJson,
    ProblemJson,
    ReadingRelease,
    answer_of,
    fields_of,
    job_fields_of,
    page_of,
    status_of,
)
from recto.datasets.example import JsonValue
from recto.errors import DeadlineExpired, DocumentNotFound, MissingPackage, ServingError

try:
    import httpx
except ModuleNotFoundError as error:
    raise MissingPackage(
        f"{error.name} isn't installed: no service can be asked", hint="pip install 'recto[service]'"
    ) from None

Output = Literal["pages", "text", "markdown"]

Schema = str | Mapping[str, JsonValue]
"""The name of a schema, or a JSON Schema."""

DEFAULT_TIMEOUT_S = 150.0
"""More than the two minutes that a service takes at most by default: one to receive, one to read."""
_PAGES_AT_ONCE = 100
_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.1, 5.0


class ServiceProblem(ServingError):
    """What the service refused, and why: `status` as HTTP counts it, `type` for programs."""

    def __init__(self, status: int, told: ProblemJson, retry_after_s: float | None = None) -> None:
        self.status, self.type = status, told.get("type", "")
        self.request_id = told.get("request_id")
        self.retry_after_s = retry_after_s
        super().__init__(told.get("detail", f"the service answered {status}"), hint=told.get("hint", ""))


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
        return answer_of(cast(AnswerJson, told))

    def extract(self, path: Path | str, schema: Schema | None = None, wanted: Wanted = ANYTHING) -> Fields:
        """The fields of one document. Raises as `read`.

        Without a schema that of the agent's profile counts. What `wanted` says of the output means nothing.
        """
        fields = wanted.fields() | ({} if schema is None else {"schema": _written(schema)})
        fields.pop("output", None)
        with ExitStack() as files:
            told = self._ask("POST", "/v1/extract", data=fields, files=_parts([path], files))
        return fields_of(told)

    def extract_text(
        self,
        text: str,
        schema: Schema | None = None,
        *,
        doc_id: str = "text",
        wanted: Wanted = ANYTHING,
    ) -> Fields:
        """The fields of a text that was read already. Raises ServiceProblem, ServingError."""
        asked: dict[str, object] = {**wanted.fields(), "text": text, "doc_id": doc_id}
        asked |= {} if schema is None else {"schema": schema}
        asked.pop("output", None)
        return fields_of(self._ask("POST", "/v1/extract", json=asked))

    def submit(
        self,
        paths: Sequence[Path | str],
        wanted: Wanted = ANYTHING,
        *,
        schema: Schema | None = None,
        webhook: str | None = None,
    ) -> JobStatus:
        """Have documents read in the background, and their fields found if a schema says so.

        Raises as `read`.
        """
        fields = wanted.fields() | ({} if webhook is None else {"webhook": webhook})
        fields |= {} if schema is None else {"schema": _written(schema)}
        with ExitStack() as files:
            return status_of(self._ask("POST", "/v1/jobs", data=fields, files=_parts(paths, files)))

    def job(self, job_id: str) -> JobStatus:
        """How far it has come. Raises ServiceProblem, ServingError."""
        return status_of(self._ask("GET", f"/v1/jobs/{job_id}"))

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
            pages = cast(list[PageJson], told["pages"])
            yield from map(page_of, pages)
            after = cast(int | None, told["next"]) if pages else None

    def fields(self, job_id: str) -> Iterator[JobFields]:
        """The fields of a job's documents that are there now, in order, fetched a few at a time.

        Raises ServiceProblem, also where the job was given no schema.
        """
        after: int | None = 0
        while after is not None:
            told = self._ask("GET", f"/v1/jobs/{job_id}/fields", params={"after": after})
            documents = cast(list[dict[str, object]], told["documents"])
            yield from map(job_fields_of, documents)
            after = cast(int | None, told["next"]) if documents else None

    def cancel(self, job_id: str) -> JobStatus:
        """End it; the pages that were read stay. Raises ServiceProblem, ServingError."""
        return status_of(self._ask("DELETE", f"/v1/jobs/{job_id}"))

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
        raise ServiceProblem(answer.status_code, cast(ProblemJson, told), retry_after_s)


_Parts = list[tuple[str, tuple[str, BinaryIO]]]


def _parts(paths: Sequence[Path | str], files: ExitStack) -> _Parts:
    return [("file", (Path(path).name, files.enter_context(_opened(Path(path))))) for path in paths]


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        what = f"can't be read: {error.strerror}"
        raise DocumentNotFound(what, where=path, hint="check the path") from None


def _written(schema: Schema) -> str:
    return schema if isinstance(schema, str) else json.dumps(dict(schema))
