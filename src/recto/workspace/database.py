"""The workspace's one database: connecting, migrating, and what its errors mean. It knows no table by name.

SQLite runs in WAL mode with foreign keys on, and a writer takes the write lock when it begins (BEGIN
IMMEDIATE), so that two writers wait for each other and never fail halfway. PostgreSQL does the same by an
advisory lock. Connections of SQLite aren't pooled: nothing stays open between two transactions.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    NoSuchModuleError,
    ProgrammingError,
)
from sqlalchemy.orm import Session, sessionmaker

from recto.errors import (
    MissingPackage,
    RectoError,
    SettingsError,
    WorkspaceBusy,
    WorkspaceError,
    WorkspaceFull,
)

FILE_NAME = "recto.db"
HEAD = "0007"
"""The newest step in `migrations/versions`."""

WAIT_S = 60
WRITES = {"recto_writes": True}

_ADVISORY_LOCK = 0x726563746F  # "recto": any number that others on the server don't use
_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})
"""What SQLite says on a full disk: at a write, and where it can't even make the index that reading takes."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str, folder: Path) -> Engine:
    """The engine for `url` ("" is SQLite in `folder`), connected to nothing yet.

    Raises SettingsError for a URL that is none or names another database; MissingPackage for its driver.
    """
    place = _url(url, folder)
    if place.get_backend_name() == "sqlite":
        engine = create_engine(place, poolclass=NullPool, connect_args={"timeout": WAIT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(place, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"{error.name} isn't installed",
            where="the workspace's database",
            hint="pip install 'recto[postgresql]', and write postgresql+psycopg://…",
        ) from None
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to HEAD, in one transaction; nothing happens where they are there already.

    Raises WorkspaceError for a database that a newer recto made.
    """
    with told(engine), engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    with told(engine), engine.connect().execution_options(**WRITES) as connection, connection.begin():
        version = _version(connection)  # another process may have come first
        if version == HEAD:
            return
        if version is not None and not list((_MIGRATIONS / "versions").glob(f"{version}_*.py")):
            raise WorkspaceError(
                f"the database is of version {version}, which this recto (version {HEAD}) doesn't know",
                where=shown(engine),
                hint="a newer recto made it: update this one",
            )
        _upgrade(connection)


def is_empty(engine: Engine) -> bool:
    """Whether nothing of recto is in the database, or there is none (asking makes no file of SQLite)."""
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        return True
    with told(engine), engine.connect() as connection:
        return _version(connection) is None


@contextmanager
def writing(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session that may write: all of it is kept when the block ends well, nothing otherwise."""
    with told(sessions.kw["bind"]), sessions() as session, session.begin():
        session.connection(execution_options=WRITES)
        yield session


@contextmanager
def reading(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session on one state of the database; what it changes is forgotten."""
    with told(sessions.kw["bind"]), sessions(autoflush=False) as session:
        yield session


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Errors of the database as ours: WorkspaceBusy where others write for too long, WorkspaceFull where its
    disk is full, else WorkspaceError."""
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError):
        raise  # a mistake of ours, not a state of the database
    except DatabaseError as error:
        raise _translated(error, engine) from error


def shown(engine: Engine) -> str:
    """The file, or the URL without its password."""
    return engine.url.database or "" if engine.dialect.name == "sqlite" else str(engine.url)


def _url(url: str, folder: Path) -> URL:
    if not url:
        return URL.create("sqlite", database=str(folder / FILE_NAME))
    where = "workspace.database"
    hint = 'database = "" for SQLite, or "postgresql+psycopg://user@host/name"'
    try:
        place = make_url(url)
        backend = place.get_backend_name()
        place.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise SettingsError(
            f"this is no URL of a database ({type(error).__name__})", where=where, hint=hint
        ) from None
    except ModuleNotFoundError as error:
        raise MissingPackage(f"{error.name} isn't installed", where=where, hint=hint) from None
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"recto knows no database {backend!r}", where=where, hint=hint)
    if backend == "sqlite":
        if not place.database or place.database == ":memory:":
            raise SettingsError("a workspace can't live in memory", where=where, hint=hint)
        return place.set(database=str(folder / place.database))
    return place


def _prepare_sqlite(connection: object, _: object) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # SQLAlchemy's BEGIN is ours, below
    try:
        _use_wal(connection)
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()
    except sqlite3.Error:  # nobody else has it yet, and its file would stay open
        connection.close()
        raise


def _use_wal(connection: sqlite3.Connection) -> None:
    """A new file becomes one in WAL mode once: SQLite doesn't wait for those that do the same just then."""
    give_up_at = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
        time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("recto_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("recto_writes"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _translated(error: DatabaseError, engine: Engine) -> RectoError:
    reason = str(error.orig).strip().partition("\n")[0]
    where = shown(engine)
    if "locked" in reason:
        return WorkspaceBusy(
            f"somebody else has been writing for more than {WAIT_S} s", where=where, hint="try again later"
        )
    if _is_full(error.orig):
        hint = "free some space on its disk"
        return WorkspaceFull(f"the database has no room: {reason}", where=where, hint=hint)
    hint = "check that the file is a database, its disk has space, and you may write there"
    if engine.dialect.name != "sqlite":
        hint = "check that the server runs, and the URL in recto.toml"
    return WorkspaceError(f"the database can't be used: {reason}", where=where, hint=hint)


_DISK_FULL = "53100"
"""PostgreSQL's code, whatever language its messages are in."""


def _is_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "") in _FULL  # what Python itself raises has none
    return getattr(error, "sqlstate", None) == _DISK_FULL or "No space left on device" in str(error)
