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
from pydantic import ValidationError

from recto.serving.connections import bounded, room_for, whose_room
from recto.serving.keys import Terms, add_key
from recto.settings import ServingSettings
from recto.workspace.folder import Workspace, open_workspace

from .engines import LIMIT_S
from .test_server import Steps, process, wait_until

HALF = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "


def connected(client: httpx.Client, held: ExitStack, host: str | None = None) -> socket.socket:
    parts = urlsplit(str(client.base_url))
    return held.enter_context(socket.create_connection((host or parts.hostname, parts.port), timeout=LIMIT_S))


def outward_address() -> str:
    """This machine's address towards others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no address but its own")
        return str(asking.getsockname()[0])


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


def has_room(one: socket.socket) -> bool:
    """Whether a connection is let say what it wants."""
    with suppress(OSError):
        one.sendall(HALF + b"\r\n\r\n")
        return one.recv(12) == b"HTTP/1.1 200"
    return False


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


def test_one_address_takes_its_share_and_this_machine_all(workspace: Workspace, tmp_path: Path) -> None:
    outside = outward_address()
    toml = '[serving]\nhost = "0.0.0.0"\nmax_connections = 40\nheader_timeout_s = 60.0\n'
    (workspace.path / "recto.toml").write_text(toml)
    add_key(workspace, "shop", Terms(scopes=("read",)))
    with process(open_workspace(workspace.path), Steps(tmp_path / "steps")) as (running, client):
        with ExitStack() as held:
            strangers = [connected(client, held, outside) for _ in range(30)]
            assert [one.recv(12) for one in strangers[20:]] == [b"HTTP/1.1 503"] * 10
            ours = [connected(client, held, "127.0.0.1") for _ in range(25)]
            assert [one.recv(12) for one in ours[20:]] == [b"HTTP/1.1 503"] * 5
            for one in strangers[:20]:
                one.close()
            wait_until(lambda: has_room(connected(client, held, outside)))
        running.terminate()
        assert running.wait(LIMIT_S) == 0


@pytest.mark.parametrize(
    ("one", "other", "is_shared"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("::ffff:203.0.113.5", "203.0.113.5", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::5", "::6", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", False),
        ("", "", True),
    ],
)
def test_who_shares_room(one: str, other: str, is_shared: bool) -> None:
    assert (whose_room(one, 1) == whose_room(other, 2)) is is_shared


@pytest.mark.parametrize("host", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"])
def test_at_a_proxy_each_connection_stands_for_itself(host: str) -> None:
    settings = ServingSettings.model_validate({"proxies": ["10.1.0.0/16", "2001:db8::7"]})
    proxies = bounded(10, settings).proxies
    assert whose_room(host, 1, proxies) != whose_room(host, 2, proxies)
    assert whose_room("10.2.2.3", 1, proxies) == whose_room("10.2.2.3", 2, proxies)


@pytest.mark.parametrize("proxy", ["proxy.example", "10.1.2.3/8", ""])
def test_what_is_no_address_is_no_proxy(proxy: str) -> None:
    with pytest.raises(ValidationError, match="proxies"):
        ServingSettings.model_validate({"proxies": [proxy]})


def test_there_are_fewer_than_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [(64, 256)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: files[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: files.append(limits))
    assert room_for(512) == 64
    assert files[-1] == (256, 256)
    assert room_for(10) == 10
