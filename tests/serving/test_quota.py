"""Quota: a minute's requests, a day's pages, and what of it survives a restart; clocks are ours."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from recto.errors import RateLimited
from recto.serving.keys import LOCAL_CALLER, Caller, Terms, add_key, caller_of
from recto.serving.quota import Quota, pages_on
from recto.settings import AccessSettings
from recto.workspace.folder import Workspace, create_workspace

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Time that passes when we say so."""

    seconds: float = 100.0
    moment: datetime = field(default=NOON)

    def monotonic(self) -> float:
        return self.seconds

    def today(self) -> datetime:
        return self.moment


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def quota_of(workspace: Workspace, clock: Clock, **settings: int) -> Quota:
    return Quota(workspace, AccessSettings(**settings), clock=clock.monotonic, today=clock.today)


def caller(workspace: Workspace, name: str = "one", **terms: int) -> Caller:
    return caller_of(workspace, f"Bearer {add_key(workspace, name, Terms(**terms))}")


def test_a_minutes_requests_may_come_at_once_and_then_in_turn(workspace: Workspace, clock: Clock) -> None:
    quota, one = quota_of(workspace, clock, requests_per_minute=60), caller(workspace)
    for _ in range(60):
        quota.admit(one)
    with pytest.raises(RateLimited, match=r"60 requests per minute\n.*in 1 s"):
        quota.admit(one)
    assert quota.retry_after_s(one) == 1
    clock.seconds += 1
    quota.admit(one)
    with pytest.raises(RateLimited):
        quota.admit(one)
    clock.seconds += 3600
    for _ in range(60):
        quota.admit(one)
    with pytest.raises(RateLimited):
        quota.admit(one)


def test_a_slow_key_waits_longer(workspace: Workspace, clock: Clock) -> None:
    quota, slow = quota_of(workspace, clock), caller(workspace, requests_per_minute=2)
    quota.admit(slow)
    quota.admit(slow)
    with pytest.raises(RateLimited, match="30 s"):
        quota.admit(slow)
    clock.seconds += 29.5
    with pytest.raises(RateLimited, match="in 1 s"):
        quota.admit(slow)
    clock.seconds += 0.5
    quota.admit(slow)


def test_keys_are_counted_apart_and_zero_is_no_limit(workspace: Workspace, clock: Clock) -> None:
    quota = quota_of(workspace, clock, requests_per_minute=1)
    one, free = caller(workspace), caller(workspace, "free", requests_per_minute=0)
    quota.admit(one)
    for _ in range(100):
        quota.admit(free)
        quota.admit(LOCAL_CALLER)
    with pytest.raises(RateLimited):
        quota.admit(one)


def test_pages_of_a_day(workspace: Workspace, clock: Clock) -> None:
    quota, one = quota_of(workspace, clock, pages_per_day=10), caller(workspace)
    quota.take(one, 8)
    with pytest.raises(RateLimited, match=r"10 pages read per day; 2 are left"):
        quota.take(one, 3)
    quota.take(one, 2)
    with pytest.raises(RateLimited, match="0 are left"):
        quota.take(one, 1)
    assert quota.retry_after_s(one) == 12 * 3600
    quota.give_back(one, 4)
    quota.take(one, 4)
    clock.moment += timedelta(hours=12)
    quota.take(one, 10)


def test_what_was_taken_yesterday_is_not_given_back_today(workspace: Workspace, clock: Clock) -> None:
    quota, one = quota_of(workspace, clock, pages_per_day=10), caller(workspace)
    quota.take(one, 8)
    clock.moment += timedelta(days=1)
    quota.take(one, 2)
    quota.give_back(one, 8)
    with pytest.raises(RateLimited, match="10 are left"):
        quota.take(one, 11)
    quota.flush()
    assert pages_on(workspace, clock.moment.date()) == {}


def test_pages_survive_a_restart_once_they_are_flushed(workspace: Workspace, clock: Clock) -> None:
    one, two = caller(workspace), caller(workspace, "two")
    quota = quota_of(workspace, clock, pages_per_day=10)
    quota.take(one, 6)
    quota.take(two, 1)
    quota.flush()
    quota.take(one, 1)
    quota.flush()
    quota.flush()
    assert pages_on(workspace, NOON.date()) == {one.key_id: 7, two.key_id: 1}
    again = quota_of(workspace, clock, pages_per_day=10)
    with pytest.raises(RateLimited, match="3 are left"):
        again.take(one, 4)


def test_two_services_see_each_other(workspace: Workspace, clock: Clock) -> None:
    one = caller(workspace)
    quotas = [quota_of(workspace, clock, pages_per_day=10) for _ in range(2)]
    for quota in quotas:
        quota.take(one, 4)
    for quota in quotas:
        quota.flush()
    with pytest.raises(RateLimited, match="2 are left"):
        quotas[1].take(one, 3)


def test_yesterdays_pages_are_written_after_midnight(workspace: Workspace, clock: Clock) -> None:
    quota, one = quota_of(workspace, clock), caller(workspace)
    quota.take(one, 3)
    clock.moment += timedelta(days=1)
    quota.take(one, 5)
    quota.flush()
    assert pages_on(workspace, NOON.date()) == {one.key_id: 3}
    assert pages_on(workspace, clock.moment.date()) == {one.key_id: 5}
    assert len(quota._days) == 1


def test_many_threads_take_no_page_too_many(workspace: Workspace, clock: Clock) -> None:
    quota, one = quota_of(workspace, clock, pages_per_day=100), caller(workspace)
    gate = threading.Barrier(8)

    def take(_: int) -> int:
        gate.wait()
        taken = 0
        for n in range(50):
            try:
                quota.take(one, 1)
                taken += 1
            except RateLimited:
                pass
            if n % 20 == 0:
                quota.flush()
        return taken

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 100
    quota.flush()
    assert pages_on(workspace, NOON.date()) == {one.key_id: 100}


def test_who_has_no_key_isnt_counted(workspace: Workspace, clock: Clock) -> None:
    quota = quota_of(workspace, clock, requests_per_minute=1, pages_per_day=1)
    for _ in range(5):
        quota.admit(LOCAL_CALLER)
        quota.take(LOCAL_CALLER, 100)
        quota.give_back(LOCAL_CALLER, 1)
    quota.flush()
    assert pages_on(workspace, NOON.date()) == {}


def test_requests_are_admitted_while_the_database_is_slow(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota, one = quota_of(workspace, clock, requests_per_minute=60), caller(workspace)
    asked, answered = threading.Event(), threading.Event()
    read = Workspace.read

    def slowly(workspace: Workspace) -> AbstractContextManager[Session]:
        asked.set()
        assert answered.wait(10)
        return read(workspace)

    monkeypatch.setattr(Workspace, "read", slowly)
    with ThreadPoolExecutor(2) as threads:
        taking = threads.submit(quota.take, one, 3)
        assert asked.wait(10)
        threads.submit(quota.admit, one).result(5)
        answered.set()
        taking.result(10)
    monkeypatch.undo()
    quota.flush()
    assert pages_on(workspace, NOON.date()) == {one.key_id: 3}
