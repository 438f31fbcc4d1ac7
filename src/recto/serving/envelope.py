"""The envelope: what every request and answer has round it: a request id, security headers, a size limit.

It is plain ASGI, so that bodies stream through it; what is inside them it doesn't look at.
"""

import asyncio
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recto.errors import DocumentTooLarge
from recto.settings import UploadSettings

REQUEST_ID = "X-Request-ID"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""For answers that are data and never a page; HTTPS and its header are the proxy's."""

INLINE_PATHS = frozenset({"/mcp", "/v1/chat/completions"})
"""Whose bodies are JSON, whatever they say; all JSON is parsed in one piece, while everything else waits."""

_LINGER_S = 2
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Envelope:
    """Gives each request its id (the caller's own, if it is sane) and each answer its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = _request_id(Headers(scope=scope))

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id_of(scope)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_dressed)


@dataclass(frozen=True, slots=True)
class _Limit:
    """Bytes that a body may have, and the setting that says so."""

    max_bytes: int
    setting: str


class BodyLimit:
    """Refuses a body that is too large as soon as that shows: by its length, or as it comes."""

    def __init__(self, app: ASGIApp, uploads: UploadSettings) -> None:
        self._app = app
        self._limit = _Limit(uploads.max_upload_bytes, "uploads.max_upload_mb")
        inline = _Limit(uploads.max_inline_bytes, "uploads.max_inline_mb")
        self._inline = min(inline, self._limit, key=lambda limit: limit.max_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: reading too much of its body raises DocumentTooLarge where it is read.

        Who is answered before all of a long or endless body has come is hung up on, after he could hear it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_inline = scope["path"] in INLINE_PATHS or is_json(headers.get("content-type", ""))
        limit = self._inline if is_inline else self._limit
        body = _Body(receive, _declared_bytes(headers), limit)

        async def send_last(message: Message) -> None:
            if not body.is_without_end:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            else:
                await send({**message, "more_body": True})
                if not message.get("more_body", False):
                    await body.linger()
                    await send({"type": "http.response.body"})

        await self._app(scope, body.receive, send_last)


class _Body:
    """What has come of a request's body, which may have `declared` its length."""

    def __init__(self, receive: Receive, declared: int | None, limit: _Limit) -> None:
        self._receive, self._declared, self._limit = receive, declared, limit
        self._came, self._ended = 0, declared == 0

    @property
    def is_without_end(self) -> bool:
        """Whether more may still come than is worth waiting for."""
        return not self._ended and (self._declared is None or self._declared > self._limit.max_bytes)

    async def receive(self) -> Message:
        """The next piece. Raises DocumentTooLarge."""
        if self._declared is not None and self._declared > self._limit.max_bytes:
            raise self._too_large()
        message = await self._next()
        if self._came > self._limit.max_bytes:
            raise self._too_large()
        return message

    async def linger(self) -> None:
        """Let a little more come, and forget it: closed at once, the connection is reset, answer and all."""
        most = self._came + self._limit.max_bytes
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_S):
                while not self._ended and self._came < most:
                    await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._came += len(message.get("body", b""))
        self._ended = self._ended or not message.get("more_body", False)
        return message

    def _too_large(self) -> DocumentTooLarge:
        return DocumentTooLarge(
            f"the request has more than {self._limit.max_bytes / 1e6:g} MB",
            hint=f"send fewer or smaller files, or raise {self._limit.setting}",
        )


def is_json(content_type: str) -> bool:
    """Whether a body of this type is JSON."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def request_id_of(scope: Scope) -> str:
    """The id of a request that has come through the Envelope."""
    state: dict[str, str] = scope.get("state") or {}
    return state.get("request_id", "")


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _SANE.fullmatch(given) else uuid.uuid4().hex


def _declared_bytes(headers: Headers) -> int | None:
    """The body's length; None where it is told by its end alone."""
    length = headers.get("content-length", "")
    if length.isdecimal():
        return int(length)
    return None if "transfer-encoding" in headers else 0
