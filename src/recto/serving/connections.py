"""Connections: how many there may be, and of one address, and how long one may take to say what it wants.

An open connection is an open file, and a process may have so many: where none is left, nothing can be
accepted, read or written any more. So there are always fewer than that, and who says nothing is hung up on.
No address takes all: how the room is shared is in `fairness`.
"""

import asyncio
import ipaddress
import logging
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from recto.serving.fairness import Room
from recto.serving.loopback import is_loopback
from recto.settings import ServingSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TOLD_EVERY_S = 60.0
"""That connections are refused is told so often at most: whoever floods the service mustn't flood its log."""

_OF_OPEN_FILES = 4
"""One of so many open files may be a connection; the others are uploads, the database, the decoders."""

_ONES_OWN_BITS = 64
"""So much of an address of IPv6 is a network's; the rest anybody may choose as he likes."""

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)
_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_log = logging.getLogger(__name__)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP, with an end to what one connection, one address, and all of them may take."""

    room: ClassVar[Room]
    proxies: ClassVar[Sequence[Network]]
    header_s: ClassVar[float]
    told_at: ClassVar[float] = float("-inf")
    _header_end: asyncio.TimerHandle | None = None
    _has_room_as: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody connects: his time begins, or he is hung up on."""
        super().connection_made(transport)
        whose = whose_room(*(self.client or ("", 0)), self.proxies)
        if not self.room.take(1, whose):
            self._tell_full()
            self._hang_up(_FULL)
            return
        self._has_room_as = whose
        self._await_header()

    def data_received(self, data: bytes) -> None:
        """More has come; what makes no whole header doesn't win time."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._header_came()
        elif self._header_end is None:
            self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._header_came()
        if self._has_room_as is not None:
            self.room.give_back(1, self._has_room_as)
            self._has_room_as = None
        super().connection_lost(exc)

    def _await_header(self) -> None:
        self._header_end = self.loop.call_later(self.header_s, self._hang_up, _SLOW)

    def _header_came(self) -> None:
        if self._header_end is not None:
            self._header_end.cancel()
            self._header_end = None

    def _hang_up(self, words: bytes) -> None:
        """Say why, as far as that goes at once: there is no waiting for one who doesn't listen."""
        self._header_end = None
        if not self.transport.get_write_buffer_size():
            self.transport.write(words)
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def _tell_full(self) -> None:
        kind = type(self)
        if time.monotonic() - kind.told_at >= TOLD_EVERY_S:
            kind.told_at = time.monotonic()
            full, share = f"there are {self.room.used} already", "one address has enough of them"
            _log.warning("connections are refused", extra={"reason": full if self.room.is_full else share})


def bounded(most: int, settings: ServingSettings) -> type[BoundedProtocol]:
    """The protocol of a server that may have `most` connections."""
    room = Room(most, settings.max_address_share)
    proxies = [ipaddress.ip_network(proxy) for proxy in settings.proxies]
    own = {"room": room, "proxies": proxies, "header_s": settings.header_timeout_s}
    return type("Bounded", (BoundedProtocol,), own)


def whose_room(host: str, port: int, proxies: Sequence[Network] = ()) -> str:
    """Who shares the room of a connection from there: all of its address, of IPv6 all of its network.

    On this machine and at a proxy that would be everybody whom the proxy lets in: there each connection
    stands for itself.
    """
    if is_loopback(host):
        return f"{host} {port}"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in proxies):
        return f"{host} {port}"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((int(address), _ONES_OWN_BITS), strict=False))


def room_for(wanted: int) -> int:
    """How many connections there may be: as many as are `wanted`, if the process may open so many files.

    It may from now on open as many as the system lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft // _OF_OPEN_FILES))
