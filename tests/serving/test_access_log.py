"""The access log: what is in it, that it can be left out, and that its rows have their days."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from recto.serving.access_log import Access, AccessLog
from recto.settings import PrivacySettings
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.tables import AccessRow

START = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path)


def rows(workspace: Workspace) -> list[AccessRow]:
    with workspace.read() as session:
        return list(session.scalars(select(AccessRow).order_by(AccessRow.id)))


def access(request_id: str = "r1", pages: int = 2) -> Access:
    return Access(request_id, "shop", None, "POST /v1/read", 200, pages)


def test_requests_are_written_down_when_it_is_flushed(workspace: Workspace) -> None:
    log = AccessLog(workspace, PrivacySettings(), clock=lambda: START)
    log.note(access())
    log.note(access("r2", 0))
    assert rows(workspace) == []
    log.flush()
    log.flush()
    first, second = rows(workspace)
    assert (first.at, first.request_id, first.tenant, first.key_id) == (START, "r1", "shop", None)
    assert (first.action, first.status, first.pages) == ("POST /v1/read", 200, 2)
    assert second.request_id == "r2"


def test_the_settings_may_want_none(workspace: Workspace) -> None:
    log = AccessLog(workspace, PrivacySettings(access_log=False))
    log.note(access())
    log.flush()
    assert rows(workspace) == []


def test_rows_are_deleted_after_their_days(workspace: Workspace) -> None:
    moment = START
    log = AccessLog(workspace, PrivacySettings(access_log_days=90), clock=lambda: moment)
    log.note(access("old"))
    moment += timedelta(days=1)
    log.note(access("new"))
    log.flush()
    moment = START + timedelta(days=90)
    assert log.purge() == 0
    moment += timedelta(seconds=1)
    assert log.purge() == 1
    assert [row.request_id for row in rows(workspace)] == ["new"]


def test_many_threads_lose_nothing_and_write_nothing_twice(workspace: Workspace) -> None:
    log = AccessLog(workspace, PrivacySettings())
    gate = threading.Barrier(8)

    def work(worker: int) -> None:
        gate.wait()
        for n in range(50):
            log.note(access(f"{worker} {n}"))
            if n % 10 == 0:
                log.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    log.flush()
    assert len(rows(workspace)) == len({row.request_id for row in rows(workspace)}) == 400
