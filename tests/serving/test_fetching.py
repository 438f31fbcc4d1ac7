"""image_url: data URLs, and a real server on this machine that only an injected check lets us reach."""

import asyncio
import ipaddress
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recto.errors import RequestRefused
from recto.serving.fetching import Address, fetch_image, is_public
from recto.settings import UploadSettings

LOOPBACK = ipaddress.ip_address("127.0.0.1")


@dataclass
class Shop:
    """What the server was asked, and where it is."""

    port: int
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> UploadSettings:
        return UploadSettings(image_url_hosts=(f"shop.example:{self.port}",), max_upload_mb=1)


@pytest.fixture
def shop() -> Iterator[Shop]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append((self.path, dict(self.headers)))
            if self.path == "/hangs":
                found.hold.wait(30)
            status = {"/moved": 302, "/none": 404}.get(self.path, 200)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/image.png")
            if self.path == "/packed":
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            if self.path == "/endless":
                for _ in range(30):
                    self.wfile.write(b"x" * 100_000)
            else:
                self.wfile.write(b"pixels")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # we hang up on it, as we should
    found = Shop(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, settings: UploadSettings, *addresses: str, check: object = None) -> bytes:
    """Fetch it, with a host that has these addresses; the connection may go to this machine."""

    async def resolver(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address(address) for address in addresses or ("127.0.0.1",)]

    may_connect = check or (lambda address: address == LOOPBACK)
    return asyncio.run(fetch_image(url, settings, resolver=resolver, may_connect=may_connect))


def test_an_allowed_host_is_asked_by_its_name_at_the_address_that_was_checked(shop: Shop) -> None:
    assert fetch(f"http://shop.example:{shop.port}/image.png?a=1", shop.settings) == b"pixels"
    assert fetch(f"http://SHOP.example:{shop.port}/image.png", shop.settings) == b"pixels"
    path, headers = shop.asked[0]
    assert path == "/image.png?a=1"
    assert headers["Host"] == f"shop.example:{shop.port}"
    assert not {"Cookie", "Authorization"} & set(headers)


def test_https_asks_for_the_name_and_believes_only_its_certificate() -> None:
    """The server has no certificate at all, but hears for whom it should have one."""
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _, name, __: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            link, _ = server.accept()
            with link, suppress(ssl.SSLError):
                context.wrap_socket(link, server_side=True)

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(RequestRefused, match="can't be fetched"):
            fetch(f"https://shop.example:{port}/", UploadSettings(image_url_hosts=(f"shop.example:{port}",)))
        thread.join()
    assert names == ["shop.example"]


def test_the_name_is_resolved_once(shop: Shop) -> None:
    """A name that means another address a moment later (DNS rebinding) gains nothing."""
    calls = []

    async def resolver(host: str, port: int) -> list[Address]:
        calls.append((host, port))
        return [LOOPBACK if len(calls) == 1 else ipaddress.ip_address("192.0.2.1")]

    url = f"http://shop.example:{shop.port}/"
    found = fetch_image(url, shop.settings, resolver=resolver, may_connect=lambda a: a == LOOPBACK)
    assert asyncio.run(found) == b"pixels"
    assert calls == [("shop.example", shop.port)]


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/a.png",
        "http://shop.example/a.png",  # another port
        "http://shop.example.other.example:{port}/a.png",
        "http://shop.example:{port}@other.example/a.png",
        "http://me:secret@shop.example:{port}/a.png",
        "ftp://shop.example:{port}/a.png",
        "file:///etc/passwd",
        "//shop.example:{port}/a.png",
        "http://",
        "http://[",
        "http://shop.example:99999/",
        "nonsense",
        "",
    ],
)
def test_other_urls_are_refused_and_nobody_is_asked(shop: Shop, url: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        fetch(url.format(port=shop.port), shop.settings)
    assert "127.0.0.1" not in str(caught.value)
    assert shop.asked == []


def test_by_default_nothing_is_fetched(shop: Shop) -> None:
    with pytest.raises(RequestRefused, match="fetches no images"):
        fetch(f"http://shop.example:{shop.port}/", UploadSettings())


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/moved", "answered 302"),
        ("/none", "answered 404"),
        ("/endless", "more than 1 MB"),
        ("/packed", "packed"),
    ],
)
def test_answers_that_are_refused(shop: Shop, path: str, says: str) -> None:
    with pytest.raises(RequestRefused, match=says):
        fetch(f"http://shop.example:{shop.port}{path}", shop.settings)
    assert len(shop.asked) == 1, "no redirect is followed"


def test_a_host_that_hangs(shop: Shop) -> None:
    settings = shop.settings.model_copy(update={"image_url_timeout_s": 0.3})
    with pytest.raises(RequestRefused, match=r"within 0.3 s"):
        fetch(f"http://shop.example:{shop.port}/hangs", settings)


def test_one_private_address_among_others_is_enough_to_refuse(shop: Shop) -> None:
    url = f"http://shop.example:{shop.port}/"
    for addresses in (("127.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("8.8.8.8", "::1"), ("169.254.169.254",)):
        with pytest.raises(RequestRefused, match="doesn't fetch from that host"):
            fetch(url, shop.settings, *addresses, check=is_public)
    assert shop.asked == []


def test_the_systems_resolver_and_the_real_check_keep_us_from_this_machine(shop: Shop) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        settings = UploadSettings(image_url_hosts=(f"{host.strip('[]')}:{shop.port}", f"{host}:{shop.port}"))
        with pytest.raises(RequestRefused):
            asyncio.run(fetch_image(f"http://{host}:{shop.port}/", settings))
    assert shop.asked == []


def test_a_host_that_isnt_there_or_refuses() -> None:
    async def nowhere(host: str, port: int) -> list[Address]:
        raise OSError("name or service not known at 10.1.2.3")

    settings = UploadSettings(image_url_hosts=("shop.example",))
    with pytest.raises(RequestRefused, match="can't be fetched") as caught:
        asyncio.run(fetch_image("https://shop.example/", settings, resolver=nowhere))
    assert "10.1.2.3" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True),
        ("127.0.0.1", False), ("0.0.0.0", False), ("10.1.1.1", False), ("172.16.0.1", False),
        ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("224.0.0.1", False),
        ("255.255.255.255", False), ("240.0.0.1", False), ("192.0.2.1", False),
        ("::", False), ("::1", False), ("fe80::1", False), ("fc00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("::127.0.0.1", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def test_data_urls() -> None:
    settings = UploadSettings(max_upload_mb=1)
    body = b64encode(b"pixels").decode()
    assert fetch(f"data:image/png;base64,{body}", settings) == b"pixels"
    assert fetch(f"DATA:;BASE64,{body}", settings) == b"pixels"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("data:image/png,pixels", "no data URL in Base64"),
        ("data:image/png;base64", "no data URL in Base64"),
        ("data:image/png;base64,p*xels", "damaged"),
        ("data:image/png;base64,cGl4ZWx", "damaged"),
        ("data:image/png;base64,pïxels==", "damaged"),
        ("data:image/png;base64," + "A" * 1_400_000, "more than 1 MB"),
    ],
)
def test_data_urls_that_are_refused(url: str, says: str) -> None:
    with pytest.raises(RequestRefused, match=says):
        fetch(url, UploadSettings(max_upload_mb=1))
