"""The server on the other side: requests over HTTP, tried again where that helps, refusals in our words.

Any number of threads may ask; so many requests as the setting `concurrency` says are under way at once. What
is asked and what an answer means is in `asking` and `answering`. Errors don't name the server's address,
which is in the settings: they may end up before strangers.
"""

import os
import threading
import time
import weakref
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
_HINTS = {
    401: "set [remote] api_key_variable to the name of the environment variable that holds the key",
    403: "set [remote] api_key_variable to the name of the environment variable that holds the key",
    404: "does [remote] url end as the server wants it (…/v1), and is [remote] model a model of it?",
    413: 'the page is too large for it: set [remote] image_format = "jpeg"',
    429: "it has too much to do: lower [remote] concurrency",
}


class Server:
    """A server that speaks OpenAI's protocol, at `settings.url`."""

    def __init__(self, settings: RemoteSettings, backoff: Backoff | None = None) -> None:
        """Nothing is asked yet. Raises SettingsError where the URL or the key isn't set."""
        if not settings.url:
            raise SettingsError(
                "no server is named",
                where="[remote] url",
                hint='set it in recto.toml, or RECTO_REMOTE_URL: "http://localhost:8000/v1"',
            )
        self.url = settings.url.rstrip("/")
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
            response = self._patiently("POST", "/chat/completions", body, where)
        return self._understood(response, Completion, where)

    def models(self) -> tuple[str, ...]:
        """The names of its models. Asked once and quickly. Raises EngineError."""
        try:
            response = self._http.get(f"{self.url}/models", timeout=_LOOK_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if not response.is_success:
            raise self._refusal(response, self.url)
        return tuple(model.id for model in self._understood(response, ModelList, self.url).data)

    def _patiently(self, method: str, path: str, body: Body, where: str) -> httpx.Response:
        """A good answer, after as many tries as the back-off allows."""
        failures = 0
        while True:
            asked_s = None
            try:
                response = self._http.request(method, self.url + path, json=body)
                if response.is_success:
                    return response
                problem = self._refusal(response, where)
                if response.status_code not in _PASSING:
                    raise problem
                asked_s = retry_after_s(response.headers.get("Retry-After"))
            except httpx.TransportError as error:
                problem = self._unreachable(error, where)
            failures += 1
            pause_s = self._backoff.pause_s(failures, asked_s)
            if pause_s is None:
                raise problem
            time.sleep(pause_s)

    def _refusal(self, response: httpx.Response, where: str) -> EngineError:
        status = response.status_code
        hint = _HINTS.get(status, "look into the log of the server")
        return EngineError(f"the server answered {status}: {_reason(response)}", where=where, hint=hint)

    def _unreachable(self, error: httpx.HTTPError, where: str = "") -> EngineError:
        if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout | httpx.PoolTimeout):
            what = f"the server didn't answer within {self._timeout_s:g} s"
            return EngineError(
                what, where=where or None, hint="raise [remote] timeout_s, or lower concurrency"
            )
        what = f"the server can't be reached: {error or type(error).__name__}"
        return EngineError(
            what, where=where or None, hint="does it run at [remote] url? recto doctor --remote looks at it"
        )

    def _understood(self, response: httpx.Response, kind: type[Shape], where: str) -> Shape:
        try:
            return kind.model_validate_json(response.content)
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
        f"the server has {len(names)} models: {listed}", where=server.url, hint="name one as [remote] model"
    )


def _headers(settings: RemoteSettings) -> dict[str, str]:
    variable = settings.api_key_variable
    if not variable:
        return {}
    key = os.environ.get(variable, "")
    if not key:
        raise SettingsError(
            f"the environment variable {variable} isn't set", where="[remote] api_key_variable"
        )
    return {"Authorization": f"Bearer {key}"}


def _reason(response: httpx.Response) -> str:
    """What the server says, from the places where servers say it."""
    try:
        said = TypeAdapter(dict[str, JsonValue]).validate_json(response.content)
    except ValidationError:
        return response.text.strip()[:_MOST_SHOWN] or response.reason_phrase
    inner = said.get("error", said)
    told = inner.get("message", inner) if isinstance(inner, dict) else inner
    return str(told)[:_MOST_SHOWN]
