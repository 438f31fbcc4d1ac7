"""Visits: each request is counted, timed and logged once it is answered: who, which route, how it ended.

It stands outside of everything that answers. What was asked and answered in words is never noted.
"""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recto.observability.logs import bind
from recto.observability.spans import span
from recto.serving.access_log import Access
from recto.serving.envelope import request_id_of
from recto.serving.keys import Caller
from recto.serving.service import Service

UNKNOWN = "unknown"
"""The route of an address that the API doesn't have, and the tenant of one who didn't say who he is."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER = "other"
"""Any method that isn't HTTP's own: what strangers make up mustn't become a series of its own."""

log = logging.getLogger(__name__)


class Visits:
    """Watches each request from its first byte to the last of its answer."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the life of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # where not even a problem is answered

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with (
            bind(request_id=request_id_of(scope)),
            span("request", request_id=request_id_of(scope)),
            self._service.metrics.in_progress(),
        ):
            try:
                await self._app(scope, receive, send_seen)
            finally:
                self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = route_of(scope), method_of(scope)
        self._service.metrics.answered(method, route, status, seconds)
        state = scope["state"]
        caller: Caller | None = state.get("caller")
        pages: int = state.get("pages", 0)
        tenant = caller.tenant if caller else UNKNOWN
        facts = {"method": method, "route": route, "status": status, "tenant": tenant, "pages": pages}
        log.info("answered", extra={**facts, "seconds": round(seconds, 4)})
        if caller is not None and self._service.records is not None:
            action = f"{method} {route}"
            access = Access(request_id_of(scope), tenant, caller.key_id, action, status, pages)
            self._service.records.accesses.note(access)


def method_of(scope: Scope) -> str:
    """The method, where HTTP knows it; a stranger may send any word, as long as he likes."""
    return scope["method"] if scope["method"] in METHODS else OTHER


def route_of(scope: Scope) -> str:
    """The route as the API declares it, never the path that was sent."""
    return getattr(scope.get("route"), "path", UNKNOWN)
