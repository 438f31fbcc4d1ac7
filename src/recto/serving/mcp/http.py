"""The tools over HTTP (`POST /mcp` in the app): no session is kept, and each message needs the same key.

Paths are never taken here. Who asks, and from where he may, is found out as for every other route.
"""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import Message, Receive, Scope, Send

from recto.serving.envelope import request_id_of
from recto.serving.json_body import json_body
from recto.serving.mcp.call import Call
from recto.serving.mcp.tool_server import Context, tool_server
from recto.serving.routes.asking import caller_with
from recto.serving.service import Service


class McpEndpoint:
    """Answers the protocol's messages, from `running` on."""

    def __init__(self, service: Service) -> None:
        @contextmanager
        def calling(ctx: Context, tool: str) -> Iterator[Call]:
            assert isinstance(ctx.request, Request)
            state = ctx.request.state
            call = Call(service, state.caller, request_id_of(ctx.request.scope))
            yield call
            state.pages = call.pages

        self._service = service
        self._caller = caller_with("read")
        self._sessions = StreamableHTTPSessionManager(
            tool_server(calling, service.metrics.failed),
            json_response=True,
            stateless=True,
            max_request_body_size=service.settings.uploads.max_inline_bytes,
        )

    def running(self) -> AbstractAsyncContextManager[None]:
        """Messages are answered while the block runs; there is one such block in an endpoint's life."""
        return self._sessions.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One message. Raises, before its body is looked at, what keeps the caller from asking at all."""
        caller = await self._caller(Request(scope), None)
        with self._service.accepted(caller):
            request = Request(scope, receive)
            body = await json_body(request, self._service.settings.serving.request_timeout_s)
            again = _again(body, receive)
            await self._sessions.handle_request(scope, again, send)


def _again(body: bytes, receive: Receive) -> Receive:
    """What tells a body again that has come whole."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


class McpRoute(Route):
    """`POST /mcp`; logs and metrics know it by its path."""

    def __init__(self, endpoint: McpEndpoint) -> None:
        super().__init__("/mcp", endpoint, methods=["POST"])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, with itself for those who ask which one it was."""
        match, found = super().matches(scope)
        return match, {**found, "route": self} if match is not Match.NONE else found
