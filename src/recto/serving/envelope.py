"""The envelope: what every request and answer has round it: a request id, security headers, a size limit.

It is plain ASGI, so that bodies stream through it; what is inside them it doesn't look at.
"""

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recto.errors import DocumentTooLarge

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


class BodyLimit:
    """Refuses a body of more than `max_bytes` as soon as that shows: by its length, or as it comes."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: reading too much of its body raises DocumentTooLarge where it is read.

        A body that isn't read to its end, and has no end that is near, isn't listened to any longer.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = _declared_bytes(Headers(scope=scope))
        near = declared is not None and declared <= self._max_bytes
        came, ended = 0, declared == 0

        async def receive_some() -> Message:
            nonlocal came, ended
            if declared is not None and not near:
                raise self._too_large()
            message = await receive()
            came += len(message.get("body", b""))
            ended = ended or not message.get("more_body", False)
            if came > self._max_bytes:
                raise self._too_large()
            return message

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and not (ended or near):
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, receive_some, send_last)

    def _too_large(self) -> DocumentTooLarge:
        return DocumentTooLarge(
            f"the request has more than {self._max_bytes / 1e6:g} MB",
            hint="send fewer or smaller files, or raise uploads.max_upload_mb",
        )


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
