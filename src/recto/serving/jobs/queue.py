"""The queue of jobs: huey, on SQLite in the workspace, or on a server by URL. What is queued is a job's id.

It hands each id to a thread, which then looks for work. What a job is, and whose turn it is, stands in the
rows: an id that is lost, or comes twice, does no harm (`store.claim`).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.exceptions import ConfigurationError

from recto.errors import MissingPackage, SettingsError

FILE_NAME = "jobs.db"
_NAME = "recto"
_LOOK_S, _LONGEST_LOOK_S = 0.05, 0.5
"""How often an idle worker looks for a job: at first, and after a while of finding none."""


class Queue:
    """Ids of jobs to `work` on."""

    def __init__(self, huey: Huey, *, work: Callable[[str], None], workers: int) -> None:
        self._huey = huey
        self._work = huey.task(name="work")(work)
        self._consumer = _Threads(
            huey,
            workers=workers,
            periodic=False,
            initial_delay=_LOOK_S,
            max_delay=_LONGEST_LOOK_S,
            check_worker_health=False,
        )

    def start(self) -> None:
        """Begin to hand out ids."""
        self._consumer.start()

    def stop(self) -> None:
        """Hand out no more, and wait for what is being done."""
        self._consumer.stop(graceful=True)
        self._huey.storage.close()

    def put(self, job_id: str) -> None:
        """Somebody should work on this job."""
        self._work(job_id)


class _Threads(Consumer):  # type: ignore[misc]  # huey is untyped
    """huey's threads in a process whose signals are the server's."""

    def _set_signal_handlers(self) -> None:
        """None: SIGTERM drains the whole service."""


def open_queue(url: str, folder: Path) -> Callable[..., Queue]:
    """A Queue at `url` ("" is SQLite in `folder`), still without its work.

    Raises SettingsError for a URL of another kind, MissingPackage for its driver.
    """
    return partial(Queue, _huey(url, folder))


def _huey(url: str, folder: Path) -> Huey:
    scheme = url.partition(":")[0].partition("+")[0]
    try:
        if not url:
            return SqliteHuey(_NAME, filename=str(folder / FILE_NAME), results=False)
        if scheme in ("redis", "rediss"):
            return RedisHuey(_NAME, url=url, results=False)
        if scheme == "postgresql":
            return PostgresHuey(_NAME, dsn=url.replace("+psycopg", "", 1), results=False)
    except ConfigurationError:
        package = "'recto[postgresql]'" if scheme == "postgresql" else "redis"
        raise MissingPackage(
            f"the driver for {scheme} isn't installed", where="jobs.queue", hint=f"pip install {package}"
        ) from None
    raise SettingsError(
        f"no queue can be at {scheme}:",
        where="jobs.queue",
        hint='"", "redis://…" or "postgresql+psycopg://…"',
    )
