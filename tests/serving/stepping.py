"""Stepping services as processes: started, allowed so many pages, killed, and the time that passes then."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx

from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow
from recto.workspace.utc import now

from .engines import LIMIT_S

PROGRAM = Path(__file__).with_name("stepping_service.py")


class Steps:
    """How many pages a stepping service may read, and which it has been given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.allow(0)

    def allow(self, pages: int) -> None:
        self.path.write_text(str(pages))

    def read(self) -> list[str]:
        log = self.path.with_suffix(".log")
        return log.read_text().splitlines() if log.exists() else []


@contextmanager
def process(workspace: Workspace, steps: Steps) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    command = [sys.executable, str(PROGRAM), str(workspace.path), str(steps.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = running.stdout.readline().strip()
            with httpx.Client(base_url=url, timeout=LIMIT_S) as client:
                yield running, client
        finally:
            running.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(20 * LIMIT_S):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it doesn't come to that")


def lose(workspace: Workspace, job_id: str, times: int = 0) -> None:
    """The time passes after which a claim is over; before, so many others were lost as well."""
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        row.claimed_until, row.lost = now() - timedelta(seconds=1), row.lost + times
