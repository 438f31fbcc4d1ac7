"""The server: uvicorn with the app, on one address. SIGTERM and Ctrl-C drain it, and it says when it listens.

TLS, compression and names are a proxy's in front of it.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from recto.errors import OutputError, ServingError
from recto.serving.app import create_app
from recto.serving.connections import bounded, room_for
from recto.serving.keys import is_guarded
from recto.serving.leaving import end_within
from recto.serving.loopback import is_loopback
from recto.serving.review.loop import Loop
from recto.serving.service import Service
from recto.workspace.folder import Workspace

_BACKLOG = 128
_LAST_WORDS_S, _HUNG_S = 15, 3
"""After the drain the process has so long to write down what it knows, and to end; with a hung engine."""

_LAST_ANSWERS_S = 5
"""After the drain all is answered: what is still connected then only hasn't hung up."""


def serve(service: Service, on_listening: Callable[[str], None], loop: Loop | None = None) -> None:
    """Answer until a signal says to stop; `on_listening` is told the URL once requests are answered.

    `loop` is what the dashboard shows of retraining.

    Raises ServingError where the address may not be listened on, OutputError where it can't, and what keeps
    the service from starting.
    """
    host, port = service.settings.serving.host, service.settings.serving.port
    check_address(host, service.workspace)
    with _bound(host, port) as listening:
        asyncio.run(_serve(service, listening, on_listening, loop))


async def _serve(
    service: Service, listening: socket.socket, on_listening: Callable[[str], None], loop: Loop | None
) -> None:
    app = create_app(service, loop)
    settings = service.settings.serving
    most = room_for(settings.max_connections)
    config = uvicorn.Config(
        app,
        http=bounded(most, settings),
        forwarded_allow_ips=["127.0.0.1", "::1", *settings.proxies],
        ws="none",
        backlog=min(_BACKLOG, max(16, most // 2)),  # so many are accepted before the first is counted
        lifespan="off",  # it is entered here: what is in the way of a start is to be told in our words
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
    async with app.router.lifespan_context(app):
        await DrainingServer(config, service, partial(on_listening, _url(listening))).serve([listening])
    if service.batcher.hangs.why is not None:
        end_within(_HUNG_S)


def check_address(host: str, workspace: Workspace | None) -> None:
    """Raise ServingError for an address that others can reach, as long as there is no key."""
    if is_loopback(host) or (workspace is not None and is_guarded(workspace)):
        return
    raise ServingError(
        "without a key only this machine itself may ask",
        where=f"serving.host {host}",
        hint="`recto keys add` or `recto people add`, in a workspace, or listen on 127.0.0.1",
    )


class DrainingServer(uvicorn.Server):
    """On the first signal it answers what it has accepted and refuses the rest; on the second it ends."""

    def __init__(self, config: uvicorn.Config, service: Service, on_listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._service, self._on_listening = service, on_listening
        self._drain: asyncio.Task[None] | None = None
        self._asked = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn, and then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._on_listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: in whichever moment of the main thread."""
        if self._asked:  # whoever asks twice means it; what is lost then, a kill would have lost as well
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._asked = True

    async def on_tick(self, counter: int) -> bool:
        """uvicorn asks ten times a second whether to end."""
        if self._asked and self._drain is None:
            end_within(self._service.settings.serving.drain_timeout_s + _LAST_WORDS_S)
            self._drain = asyncio.create_task(self._service.drain())
        drained = self._drain is not None and self._drain.done()
        return await super().on_tick(counter) or drained


def _bound(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server(found[0][4][:2], family=found[0][0], backlog=_BACKLOG)
    except OSError as error:
        raise OutputError(
            f"can't be listened on: {error.strerror}",
            where=f"{host}:{port}",
            hint="--port 0 is any free one",
        ) from None


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
