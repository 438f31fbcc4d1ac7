"""Telling a webhook: one attempt is over in its time, however slowly the other side talks."""

import asyncio
import dataclasses
import time

from recto.serving.jobs import store, webhook
from recto.serving.jobs.job import NewJob, Wish
from recto.workspace.folder import Workspace

WISH: Wish = {"agent": None, "business": None, "category": None, "output": "pages", "secret": "s"}


def test_an_attempt_is_over_in_its_time(workspace: Workspace) -> None:
    store.add_job(workspace, "a", NewJob("mine", None, ("a.pdf",), WISH), ["0" * 64])

    async def run() -> str:
        gone = asyncio.Event()

        async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while not writer.is_closing():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(0.05)
            gone.set()

        server = await asyncio.start_server(dripping, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        job = dataclasses.replace(store.job_of(workspace, "a"), webhook=f"http://127.0.0.1:{port}/")
        try:
            return await webhook.tell(job, timeout_s=0.3)
        finally:
            server.close()
            await gone.wait()

    began = time.monotonic()
    assert asyncio.run(run()) == "it can't be reached (TimeoutError)"
    assert time.monotonic() - began < 5
