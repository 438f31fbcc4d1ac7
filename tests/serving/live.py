"""A real server in a thread: uvicorn on a free port of this machine, with the app under test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class _Announced(uvicorn.Server):
    """Says when it has begun, or that it never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


@contextmanager
def live(app: ASGIApp) -> Iterator[str]:
    """The app's URL, while the block runs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = _Announced(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=10))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            assert server.settled.wait(60) and server.started, "the server didn't start"
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
        assert not thread.is_alive()
