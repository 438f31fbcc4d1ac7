"""The program of a process that decodes: it reads orders from a socket and answers with pixels or problems.

It gets files as open descriptors, never by path. It can write no byte to any file, and have few of them open;
what it may open to read is what the service's user may. It ends when the socket closes, when a page takes too
long (an alarm that nothing can hold up), or over its memory.
"""

import json
import os
import resource
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import cast

from PIL import JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from recto.documents.limits import Limits
from recto.documents.opening import Document, open_pages
from recto.documents.page import Page
from recto.documents.source import Source
from recto.errors import DocumentError
from recto.serving.decoding.protocol import HEAD, OVER_MEMORY, READY, Order, Setup, packed, problem_of

DECODERS = (JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Pillow would import them when the first file comes."""

GRACE_S = 5
"""So much later than the service would have killed it, the process ends by itself."""

_OPEN_FILES = 64


class Desk:
    """The one document that the process has open, if any."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._held = ExitStack()
        self._open: tuple[Source, Document] | None = None

    def work(self, order: Order, file: int | None) -> tuple[dict[str, object], Page | None]:
        """Do what is asked; the answer, and the page whose pixels follow it."""
        page = None
        problem = None
        try:
            if file is not None:
                self._take(order, file)
            if order["number"]:
                page = self._page(order["number"])
        except DocumentError as error:
            problem = problem_of(error)
        reply: dict[str, object] = {"problem": problem}
        if self._open is not None:
            reply |= {"page_count": self._open[1].page_count, "sha256": self._open[0].sha256}
        if page is not None:
            reply |= {"width": page.width, "height": page.height, "dpi": page.dpi}
        return reply, page

    def forget(self) -> None:
        """Close the document."""
        self._open = None
        self._held.close()

    def _take(self, order: Order, file: int) -> None:
        self.forget()
        setup = self._setup
        limits = Limits(setup["max_bytes"], setup["max_pixels"], order["max_pages"])
        path = Path(f"/dev/fd/{file}")
        self._open = self._held.enter_context(
            open_pages(path, name=order["name"], limits=limits, dpi=setup["dpi"])
        )

    def _page(self, number: int) -> Page | None:
        return None if self._open is None else self._open[1].page(number)


def restrict(setup: Setup) -> None:
    """Bound what the process may take. Files can't grow, so that it writes none; no core is dumped."""
    sys.dont_write_bytecode = True
    memory = setup["memory_bytes"]
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
    ):
        resource.setrlimit(what, (limit, limit))


def serve(link: socket.socket, setup: Setup) -> None:
    """Answer orders until the other side closes the socket."""
    desk = Desk(setup)
    link.sendall(packed({READY: True}))
    while (came := _next_order(link)) is not None:
        order, file = came
        signal.setitimer(signal.ITIMER_REAL, setup["page_s"] + GRACE_S)
        if order["forget"]:
            desk.forget()
        else:
            reply, page = desk.work(order, file)
            link.sendall(packed(reply))
            if page is not None:
                link.sendall(page.image.data.cast("B"))
        signal.setitimer(signal.ITIMER_REAL, 0)
        if file is not None:
            os.close(file)


def main() -> None:
    """Run on the socket and with the Setup that the arguments name."""
    setup = cast(Setup, json.loads(sys.argv[2]))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    restrict(setup)
    with socket.socket(fileno=int(sys.argv[1])) as link, suppress(ConnectionError):
        _hush()
        try:
            serve(link, setup)
        except MemoryError:
            sys.exit(OVER_MEMORY)


def _hush() -> None:
    """What the libraries print of a file goes nowhere: it could be its content."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _next_order(link: socket.socket) -> tuple[Order, int | None] | None:
    head, files, _, _ = socket.recv_fds(link, HEAD.size, 1)
    head += _exactly(link, HEAD.size - len(head)) if head else b""
    if not head:
        return None
    order = cast(Order, json.loads(_exactly(link, HEAD.unpack(head)[0])))
    return order, files[0] if files else None


def _exactly(link: socket.socket, size: int) -> bytes:
    body = bytearray()
    while len(body) < size:
        chunk = link.recv(size - len(body))
        if not chunk:
            raise ConnectionResetError
        body += chunk
    return bytes(body)


if __name__ == "__main__":
    main()
