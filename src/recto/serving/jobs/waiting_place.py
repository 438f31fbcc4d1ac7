"""Where the ids of jobs wait: huey's storages, on SQLite in the workspace, or on a server by URL.

Of huey only these are used. Ids are bytes there and nothing else, so that what somebody else writes to the
server can wake a thread, and can do no more.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from huey.storage import PostgresStorage, RedisStorage, SqliteStorage

from recto.errors import MissingPackage, ServingError, SettingsError

FILE_NAME = "jobs.db"
ANSWERS_WITHIN_S = 5
"""A server that doesn't is as good as none, until it is asked again."""

_GIVEN_UP_AFTER = {
    "connect_timeout": ANSWERS_WITHIN_S,
    "keepalives_idle": ANSWERS_WITHIN_S,
    "keepalives_interval": ANSWERS_WITHIN_S,
    "keepalives_count": 2,
    "tcp_user_timeout": 1000 * ANSWERS_WITHIN_S,
}
"""Of PostgreSQL: a machine that is gone is noticed; a server that is there and says nothing isn't."""

_ADVISORY_LOCK = 0x72656374  # "rect": held while huey makes its tables
_NAME = "recto"
_WHERE = "jobs.queue"
_HINT = '"", "redis://…" or "postgresql+psycopg://…"'


class Storage(Protocol):
    """Bytes that are taken out once each, oldest first."""

    def enqueue(self, data: bytes) -> None:
        """Put it in."""
        ...

    def dequeue(self) -> bytes | None:
        """Take it out, None where there is none: it doesn't wait for any."""
        ...

    def queue_size(self) -> int:
        """How many are there."""
        ...


@dataclass(frozen=True, slots=True)
class WaitingPlace:
    """An open storage, what it raises where it can't be reached, and how it is closed."""

    storage: Storage
    errors: tuple[type[Exception], ...]
    close: Callable[[], object]


def open_place(url: str, folder: Path) -> WaitingPlace:
    """The place at `url` ("" is SQLite in `folder`), which is asked once.

    Raises SettingsError for a URL of another kind, MissingPackage for its driver, ServingError where nobody
    answers there.
    """
    scheme = url.partition(":")[0]
    if not url:
        return _on_sqlite(folder / FILE_NAME)
    if scheme in ("redis", "rediss"):
        return _on_redis(url)
    if scheme in ("postgresql", "postgresql+psycopg"):
        return _on_postgresql(url.replace("+psycopg", "", 1))
    raise SettingsError(f"no queue can be at {scheme}:", where=_WHERE, hint=_HINT)


def _on_sqlite(path: Path) -> WaitingPlace:
    try:
        storage = SqliteStorage(_NAME, filename=str(path))
        return WaitingPlace(storage, (sqlite3.Error,), storage.close)
    except sqlite3.Error as error:
        raise ServingError(
            f"the queue of jobs can't be used: {error}",
            where=path,
            hint="check that its disk has space, and you may write there",
        ) from None


def _on_redis(url: str) -> WaitingPlace:
    try:
        from redis import ConnectionPool, RedisError
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ModuleNotFoundError:
        raise _missing("redis") from None
    try:
        pool = ConnectionPool.from_url(
            url,
            socket_timeout=ANSWERS_WITHIN_S,
            socket_connect_timeout=ANSWERS_WITHIN_S,
            retry=Retry(NoBackoff(), 1),  # a connection that the server's restart has closed
        )
    except ValueError:
        raise _no_url() from None
    storage = RedisStorage(_NAME, connection_pool=pool, blocking=False)
    try:
        storage.queue_size()
    except RedisError as error:
        pool.disconnect()
        raise _unreachable(error) from None
    return WaitingPlace(storage, (RedisError, OSError), pool.disconnect)


def _on_postgresql(url: str) -> WaitingPlace:
    try:
        import psycopg
        from psycopg.conninfo import make_conninfo
    except ModuleNotFoundError:
        raise _missing("postgresql") from None
    try:
        with psycopg.connect(make_conninfo(url, **_GIVEN_UP_AFTER)) as connection:  # by turns
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
            storage = PostgresStorage(_NAME, dsn=url, blocking=False, **_GIVEN_UP_AFTER)
    except psycopg.ProgrammingError:  # its words may quote the password
        raise _no_url() from None
    except psycopg.Error as error:
        raise _unreachable(error) from None
    return WaitingPlace(storage, (psycopg.Error, OSError), storage.close)


def _missing(extra: str) -> MissingPackage:
    return MissingPackage(
        f"the driver for {extra} isn't installed", where=_WHERE, hint=f"pip install 'recto[{extra}]'"
    )


def _no_url() -> SettingsError:
    return SettingsError("this is no URL of a queue", where=_WHERE, hint=_HINT)


def _unreachable(error: Exception) -> ServingError:
    reason = str(error).strip().partition("\n")[0]
    return ServingError(
        f"the queue of jobs can't be reached: {reason}",
        where=_WHERE,
        hint="check that the server runs, and the URL in recto.toml",
    )
