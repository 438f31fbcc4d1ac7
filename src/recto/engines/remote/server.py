"""The server on the other side: requests over HTTP, tried again where that helps, refusals in our words.

Any number of threads may ask; so many requests as the setting `concurrency` says are under way at once. What
is asked and what an answer means is in `asking` and `answering`. Errors don't name the server's address,
which is in the settings: they may end up before strangers.
"""

import os
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from recto.engines.backoff import Backoff, retry_after_s
from recto.engines.remote.answering import Completion, ModelList
from recto.engines.remote.asking import Body
from recto.errors import EngineError, MissingPackage, SettingsError
from recto.settings import RemoteSettings

try:
    import httpx
except ModuleNotFoundError as error:
    raise MissingPackage(
        f"{error.name} isn't installed: no server can be asked", hint="pip install 'recto[remote]'"
    ) from None

Shape = TypeVar("Shape", bound=BaseModel)

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that a later try may not meet."""

_CONNECT_TIMEOUT_S = 10.0
_LOOK_TIMEOUT_S = 10.0
_MOST_SHOWN = 300
_WHERE = "[remote] url"
_MOST_BYTES = 64 * 2**20
"""Of an answer; the longest that a server of OpenAI's protocol gives has a hundredth of that."""
_HINTS = {
    401: "set [remote] api_key_variable to the name of the environment variable that holds the key",
    403: "set [remote] api_key_variable to the name of the environment variable that holds the key",
    404: "does [remote] url end as the server wants it (…/v1), and is [remote] model a model of it?",
    413: 'the page is too large for it: set [remote] image_format = "jpeg"',
    429: "it has too much to do: lower [remote] concurrency",
}


@dataclass(frozen=True, slots=True)
class _Reply:
    """A whole answer; `reason` is what HTTP calls its status, `asked_s` the pause that it asks for."""

    status: int
    reason: str
    asked_s: float | None
    content: bytes = field(repr=False)

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


class Server:
    """A server that speaks OpenAI's protocol, at `settings.url`."""

    def __init__(self, settings: RemoteSettings, backoff: Backoff | None = None) -> None:
        """Nothing is asked yet. Raises SettingsError where the URL or the key isn't set."""
        if not settings.url:
            raise SettingsError(
                "no server is named",
                where=_WHERE,
                hint='set it in recto.toml, or RECTO_REMOTE_URL: "http://localhost:8000/v1"',
            )
        self.url = _checked_url(settings.url)
        self._timeout_s = settings.timeout_s
        self._backoff = backoff or Backoff(settings.attempts)
        self._open = threading.BoundedSemaphore(settings.concurrency)
        limits = httpx.Limits(max_connections=settings.concurrency)
        timeout = httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_TIMEOUT_S, settings.timeout_s))
        self._http = httpx.Client(headers=_headers(settings), limits=limits, timeout=timeout)
        self.close = weakref.finalize(self, self._http.close)

    def complete(self, body: Body, *, where: str) -> Completion:
        """The answer to one question; `where` names the page in errors. Raises EngineError."""
        with self._open:
            reply = self._patiently("/chat/completions", body, where)
        return self._understood(reply, Completion, where)

    def models(self) -> tuple[str, ...]:
        """The names of its models. Asked once and quickly. Raises EngineError."""
        request = self._http.build_request("GET", f"{self.url}/models", timeout=_LOOK_TIMEOUT_S)
        try:
            reply = self._replied(request, _LOOK_TIMEOUT_S, _WHERE)
        except httpx.HTTPError as error:
            raise self._unreachable(error, _LOOK_TIMEOUT_S) from None
        if not reply.is_good:
            raise self._refusal(reply, _WHERE)
        return tuple(model.id for model in self._understood(reply, ModelList, _WHERE).data)

    def _patiently(self, path: str, body: Body, where: str) -> _Reply:
        """A good answer, after as many tries as the back-off allows."""
        failures = 0
        while True:
            asked_s = None
            try:
                request = self._http.build_request("POST", self.url + path, json=body)
                reply = self._replied(request, self._timeout_s, where)
                if reply.is_good:
                    return reply
                problem = self._refusal(reply, where)
                if reply.status not in _PASSING:
                    raise problem
                asked_s = reply.asked_s
            except httpx.HTTPError as error:
                problem = self._unreachable(error, self._timeout_s, where)
            failures += 1
            pause_s = self._backoff.pause_s(failures, asked_s)
            if pause_s is None:
                raise problem
            time.sleep(pause_s)

    def _replied(self, request: httpx.Request, timeout_s: float, where: str) -> _Reply:
        """The whole answer. httpx itself waits so long for each piece of it, and takes any number of them.

        Raises httpx.HTTPError, ReadTimeout also for an answer that only trickles in; EngineError for one
        without end.
        """
        until_s = time.monotonic() + timeout_s
        response = self._http.send(request, stream=True)
        content = bytearray()
        try:
            for piece in response.iter_bytes():
                content += piece
                if time.monotonic() > until_s:
                    raise httpx.ReadTimeout("", request=request)
                if len(content) > _MOST_BYTES:
                    what = f"the server's answer is longer than {_MOST_BYTES // 2**20} MiB"
                    raise EngineError(what, where=where, hint="is [remote] url that of a model server?")
        finally:
            response.close()
        asked_s = retry_after_s(response.headers.get("Retry-After"))
        return _Reply(response.status_code, response.reason_phrase, asked_s, bytes(content))

    def _refusal(self, reply: _Reply, where: str) -> EngineError:
        hint = _HINTS.get(reply.status, "look into the log of the server")
        return EngineError(f"the server answered {reply.status}: {_reason(reply)}", where=where, hint=hint)

    def _unreachable(self, error: httpx.HTTPError, timeout_s: float, where: str = "") -> EngineError:
        if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout | httpx.PoolTimeout):
            what = f"the server didn't answer within {timeout_s:g} s"
            return EngineError(
                what, where=where or None, hint="raise [remote] timeout_s, or lower concurrency"
            )
        if isinstance(error, httpx.DecodingError):
            what = f"the server's answer can't be unpacked: {error}"
            return EngineError(what, where=where or None, hint="is there a proxy before it?")
        what = f"the server can't be reached: {error or type(error).__name__}"
        return EngineError(
            what, where=where or None, hint="does it run at [remote] url? recto doctor --remote looks at it"
        )

    def _understood(self, reply: _Reply, kind: type[Shape], where: str) -> Shape:
        try:
            return kind.model_validate_json(reply.content)
        except ValidationError as error:
            mistake = error.errors()[0]
            place = ".".join(map(str, mistake["loc"])) or "its body"
            raise EngineError(
                f"the server's answer isn't one of OpenAI's protocol: {place}: {mistake['msg']}",
                where=where,
                hint="is [remote] url the address of a server such as vLLM or SGLang, with /v1 at its end?",
            ) from None


def only_model(server: Server) -> str:
    """The name of the one model that the server has. Raises EngineError where it has none, or several."""
    names = server.models()
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names) or "none"
    raise EngineError(
        f"the server has {len(names)} models: {listed}", where=_WHERE, hint="name one as [remote] model"
    )


def _headers(settings: RemoteSettings) -> dict[str, str]:
    variable = settings.api_key_variable
    if not variable:
        return {}
    key = os.environ.get(variable, "").strip()  # of a file that ends with a line's end
    if not key:
        raise SettingsError(
            f"the environment variable {variable} isn't set", where="[remote] api_key_variable"
        )
    if not (key.isascii() and key.isprintable()):  # httpx would show it in its error
        raise SettingsError(
            f"the key in the environment variable {variable} has characters that HTTP can't send",
            where="[remote] api_key_variable",
            hint="a key is one line of plain letters, digits and signs",
        )
    return {"Authorization": f"Bearer {key}"}


def _checked_url(url: str) -> str:
    """`url` without slashes at its end. Raises SettingsError for a host that can't be one."""
    try:
        return str(httpx.URL(url.rstrip("/")))
    except httpx.InvalidURL as error:
        raise SettingsError(f"is no URL: {error}", where=_WHERE) from None


def _reason(reply: _Reply) -> str:
    """What the server says, from the places where servers say it."""
    try:
        said = TypeAdapter(dict[str, JsonValue]).validate_json(reply.content)
    except ValidationError:
        return reply.content.decode(errors="replace").strip()[:_MOST_SHOWN] or reply.reason
    inner = said.get("error", said)
    told = inner.get("message", inner) if isinstance(inner, dict) else inner
    return str(told)[:_MOST_SHOWN]
