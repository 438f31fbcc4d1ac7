"""One process that decodes, as the service sees it: started, asked, killed. `decoding/pool` chooses one."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from recto.documents.page import Image
from recto.serving.decoding.protocol import HEAD, Order, Setup, packed
from recto.serving.decoding.reply import MESSAGE_BYTES, Reply

START_S = 60
"""A process that isn't ready by then never will be."""

_PROGRAM = "recto.serving.decoding.child"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the process said, and the pixels that came with it."""

    reply: Reply
    image: Image | None


class DecoderProcess:
    """A child in a process group of its own, with a socket to it; it can be started again after its end."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._child: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._is_killed = False
        self.holding: object = None
        """Whose document it has open, as the pool knows it."""

    @property
    def pid(self) -> int | None:
        """Of the process that runs, or ran last."""
        return self._child.pid if self._child else None

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._child is not None and not self._is_killed and self._child.poll() is None

    async def start(self) -> None:
        """Start the process and wait until it has loaded all that it needs.

        Raises OSError where the system can't, ConnectionError where it ends at once, TimeoutError.
        """
        await self.stop()
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        self._link = ours
        with theirs:
            self._is_killed = False
            self._child = _spawn(theirs.fileno(), self._setup)  # takes a few ms, and can't be left halfway
        try:
            async with asyncio.timeout(START_S):
                await self._message()
        except BaseException:
            self.kill()
            raise

    async def ask(self, order: Order, file: int | None) -> Answer:
        """Send the order, with an open file if it is a new one, and wait for the answer.

        Whoever gives up waiting must kill the process. Raises ConnectionError when it dies or babbles.
        """
        link = self._connected()
        self._send(order, file)
        try:
            reply = Reply.model_validate_json(await self._message())
        except ValidationError:
            raise ConnectionError("an answer that makes no sense") from None
        if reply.problem is not None:
            return Answer(reply, None)
        if not reply.page_count or bool(order["number"]) != bool(reply.width * reply.height):
            raise ConnectionError("an answer to something else")
        if not reply.width:
            return Answer(reply, None)
        if reply.width * reply.height > self._setup["max_pixels"]:
            raise ConnectionError("more pixels than are allowed")
        image = np.empty((reply.height, reply.width, 3), np.uint8)
        await _fill(link, image.data.cast("B"))
        return Answer(reply, image)

    def forget(self) -> None:
        """Have it close its document. A process that has just died has none."""
        self.holding = None
        with suppress(OSError):
            self._send(Order(name="", number=0, max_pages=1, fresh=False, forget=True), None)

    def kill(self) -> None:
        """End it now, whatever it does, with all that it may have started; who waits for it is told."""
        self.holding = None
        self._is_killed = True
        if self._link is not None:
            with suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
        if self._child is not None and self._child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    async def stop(self) -> int | None:
        """Kill it, if it runs, and wait for its end; how it ended (negative: by that signal)."""
        self.kill()
        exit_code = None if self._child is None else await asyncio.to_thread(self._child.wait)
        if self._link is not None:
            self._link.close()
            self._link = None
        return exit_code

    def _connected(self) -> socket.socket:
        if self._link is None or self._is_killed:
            raise ConnectionError("the process was killed")
        return self._link

    def _send(self, order: Order, file: int | None) -> None:
        """An idle process has read everything: a message of this size goes out at once."""
        message = packed(dict(order))
        sent = socket.send_fds(self._connected(), [message], [] if file is None else [file])
        if sent != len(message):
            raise ConnectionError("the process doesn't listen")

    async def _message(self) -> bytes:
        link = self._connected()
        head = bytearray(HEAD.size)
        await _fill(link, memoryview(head))
        size = HEAD.unpack(head)[0]
        if size > MESSAGE_BYTES:
            raise ConnectionError("an answer that is too long")
        body = bytearray(size)
        await _fill(link, memoryview(body))
        return bytes(body)


def _spawn(link: int, setup: Setup) -> subprocess.Popen[bytes]:
    """Start the program. It learns nothing of our environment, which may hold passwords."""
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "OPENBLAS_NUM_THREADS": "1",  # threads would take address space, and arrays are only copied
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", _PROGRAM, str(link), json.dumps(setup)],
        pass_fds=[link],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        start_new_session=True,
    )


async def _fill(link: socket.socket, view: memoryview) -> None:
    """Receive until the view is full. Raises ConnectionError at the end of the stream."""
    loop = asyncio.get_running_loop()
    done = 0
    while done < len(view):
        count = await loop.sock_recv_into(link, view[done:])
        if not count:
            raise ConnectionResetError("the process has ended")
        done += count
