"""Real servers for tests, each on a port of its own and with nothing kept: Redis and PostgreSQL."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import redis

LIMIT_S = 60


class Program:
    """A server's program, which may be stopped and started again."""

    def __init__(self, command: list[str], answers: Callable[[], bool], user: str | None = None) -> None:
        self._command, self._answers, self._user = command, answers, user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self._user, cwd="/"
        )
        pause = threading.Event()
        for _ in range(20 * LIMIT_S):
            if self._answers():
                return
            assert self._process.poll() is None, f"{self._command[0]} has ended"
            pause.wait(0.05)
        raise AssertionError(f"{self._command[0]} doesn't answer")

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(LIMIT_S)
            self._process = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It, and all its processes, are there and say nothing while the block runs."""
        assert self._process is not None
        own = psutil.Process(self._process.pid)
        own.suspend()  # first: it starts no more of them then
        stopped = [own, *own.children(recursive=True)]
        for process in stopped[1:]:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(stopped):
                process.resume()


class Redis(Program):
    """A Redis server that keeps nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        bounds = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
        super().__init__([program, *bounds], self._pings)

    def _pings(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


class PostgreSQL(Program):
    """A PostgreSQL cluster of its own; `database` makes a new database in it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        user = None
        if os.getuid() == 0:  # it refuses to run as root
            names = {account.pw_name for account in pwd.getpwall()}
            account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            user = account.pw_name
            os.chown(folder, account.pw_uid, account.pw_gid)
        data, port = folder / "data", free_port()
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "recto", "--auth=trust", "-E", "UTF8", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd="/",
        )
        self._url = f"postgresql://recto@127.0.0.1:{port}"
        self._databases = 0
        options = ["fsync=off", "listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        options.append("authentication_timeout=1s")  # who connected as it hung and says no more ends with it
        flags = [flag for option in options for flag in ("-c", option)]
        super().__init__([str(programs / "postgres"), "-D", str(data), *flags], self._answers_here, user)

    def database(self) -> str:
        """The URL of a new database, as recto.toml names it."""
        self._databases += 1
        name = f"test{self._databases}"
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"{self._url}/{name}".replace("postgresql", "postgresql+psycopg", 1)

    def _answers_here(self) -> bool:
        try:
            psycopg.connect(f"{self._url}/postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def redis_program() -> str | None:
    """Where redis-server is."""
    return shutil.which("redis-server")


def postgresql_programs() -> Path | None:
    """The folder with initdb and postgres: in PATH, or where Debian keeps them."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "postgres").exists()), None)


@contextmanager
def running(make: Callable[[Path], Program]) -> Iterator[Program]:
    """A server that `make` makes in a new folder, which another user can reach; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="recto-server-"))
    try:
        server = make(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
