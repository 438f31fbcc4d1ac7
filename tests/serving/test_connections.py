"""Connections: those who say nothing are hung up on, and there are never more than the process can bear."""

import resource
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from recto.serving.connections import room_for
from recto.workspace.folder import Workspace, open_workspace

from .engines import LIMIT_S
from .test_server import Steps, process, wait_until

HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "


def connected(client: httpx.Client, held: ExitStack) -> socket.socket:
    parts = urlsplit(str(client.base_url))
    return held.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=LIMIT_S))


def answer_to_half(one: socket.socket) -> bytes:
    """What comes of half a header and a byte now and then."""
    with suppress(OSError):
        one.sendall(HALF)
    one.settimeout(0.2)
    for _ in range(5 * LIMIT_S):
        try:
            return one.recv(12)
        except TimeoutError:
            one.sendall(b"x")
    return b"nothing"


def test_half_headers_neither_stop_the_service_nor_fill_its_log(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.path / "recto.toml").write_text("[serving]\nmax_connections = 40\nheader_timeout_s = 4.0\n")
    opened = open_workspace(workspace.path)
    with process(opened, Steps(tmp_path / "steps")) as (running, client), ExitStack() as held:
        sockets = [connected(client, held) for _ in range(60)]
        answers = Counter(answer_to_half(one) for one in sockets)
        assert answers == {b"HTTP/1.1 503": 20, b"HTTP/1.1 408": 40}
        assert client.get("/healthz").status_code == 200
        running.terminate()
        assert running.wait(LIMIT_S) == 0
        assert running.stderr is not None and running.stderr.read().count("\n") <= 1


def test_whoever_says_all_that_he_wants_is_not_hung_up_on(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.path / "recto.toml").write_text("[serving]\nheader_timeout_s = 0.5\n")
    with process(open_workspace(workspace.path), Steps(tmp_path / "steps")) as (_, client):
        for _ in range(3):
            assert client.get("/healthz").status_code == 200
            time.sleep(0.7)
        with ExitStack() as held:
            one = connected(client, held)
            one.sendall(HALF + b"\r\n\r\n" + HALF)  # a second one begins before the first is answered
            assert one.recv(2000).startswith(b"HTTP/1.1 200 ")
            one.sendall(b"x")
            wait_until(lambda: b" 408 " in one.recv(2000))


def test_there_are_fewer_than_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [(64, 256)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: files[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: files.append(limits))
    assert room_for(512) == 64
    assert files[-1] == (256, 256)
    assert room_for(10) == 10
