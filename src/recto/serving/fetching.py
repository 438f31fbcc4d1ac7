"""Fetching an image that a request names by URL: a data URL, or http(s) from hosts that the settings allow.

The host's name is resolved once, each of its addresses must be public, and the connection is made to one of
those that were checked: a name that resolves otherwise a moment later gains nothing. Redirects aren't
followed, no proxy or cookie of ours is used, and size and time are bounded.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import NoReturn

import httpx

from recto.errors import RequestRefused
from recto.serving.inline import decoded
from recto.settings import UploadSettings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[Address]]]
"""Host and port → all its addresses. Raises OSError."""

_PORTS = {"http": 80, "https": 443}
_TRANSLATING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
"""Addresses of IPv6 that lead to one of IPv4, which may be anything (RFC 6052, RFC 3056)."""


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, and can be no other one in disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATING):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolve(host: str, port: int) -> list[Address]:
    """What the system says of the host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


async def fetch_image(
    url: str,
    settings: UploadSettings,
    *,
    resolver: Resolver = resolve,
    may_connect: Callable[[Address], bool] = is_public,
) -> bytes:
    """The bytes that the URL means, of whatever kind.

    Raises RequestRefused, which tells nothing of our network.
    """
    limit = settings.max_upload_bytes
    if url[:5].lower() == "data:":
        return await asyncio.to_thread(_inline, url, limit)
    parsed = _allowed(url, settings)
    try:
        async with asyncio.timeout(settings.image_url_timeout_s):
            address = await _checked(parsed, resolver, may_connect)
            return await _fetched(parsed, address, limit)
    except (TimeoutError, httpx.TimeoutException):
        _refuse(f"the image didn't come within {settings.image_url_timeout_s:g} s")
    except (OSError, httpx.HTTPError, httpx.InvalidURL):
        _refuse("the image can't be fetched")


def _inline(url: str, limit: int) -> bytes:
    head, comma, body = url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        _refuse("this is no data URL in Base64", "write data:image/png;base64,…")
    if len(body) > limit * 4 // 3 + 4:
        _refuse(f"the image has more than {limit / 1e6:,.0f} MB")
    try:
        return decoded(body)
    except ValueError:
        _refuse("the data URL is damaged: its Base64 can't be decoded")


def _allowed(url: str, settings: UploadSettings) -> httpx.URL:
    if not settings.image_url_hosts:
        _refuse("this service fetches no images", "send the image as a data URL")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        _refuse("this is no URL")
    if parsed.scheme not in _PORTS or not parsed.host or parsed.userinfo:
        _refuse("only http and https URLs of a host are fetched, without a name and password")
    allowed = {host.lower() for host in settings.image_url_hosts}
    names = {f"{parsed.host}:{_port(parsed)}".lower()}
    if _port(parsed) == _PORTS[parsed.scheme]:
        names.add(parsed.host.lower())
    if not names & allowed:
        _refuse("this service doesn't fetch from that host", "send the image as a data URL")
    return parsed


async def _checked(url: httpx.URL, resolver: Resolver, may_connect: Callable[[Address], bool]) -> Address:
    """The address to connect to: one bad address among them, and the host isn't trusted at all."""
    addresses = await resolver(url.host, _port(url))
    if not addresses or not all(may_connect(address) for address in addresses):
        _refuse("this service doesn't fetch from that host", "send the image as a data URL")
    return addresses[0]


async def _fetched(url: httpx.URL, address: Address, limit: int) -> bytes:
    pinned = url.copy_with(host=str(address))
    headers = {"Host": url.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"}
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False) as client,
        client.stream("GET", pinned, headers=headers, extensions={"sni_hostname": url.host}) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            _refuse(f"the image can't be fetched: its host answered {answer.status_code}")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            _refuse("the image can't be fetched: its host sends it packed")
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > limit:
                _refuse(f"the image has more than {limit / 1e6:,.0f} MB")
    return bytes(body)


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]


def _refuse(what: str, hint: str = "") -> NoReturn:
    raise RequestRefused(what, where="image_url", hint=hint) from None
