"""Rows of jobs: who may work on which, whose turn it is, and when a webhook is due."""

from datetime import timedelta

import pytest

from recto.serving.jobs import store
from recto.serving.jobs.job import Job, NewJob
from recto.serving.jobs.store import Passed
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow
from recto.workspace.utc import now

PAGE: store.PageResult = (1, None, None)


def add(workspace: Workspace, job_id: str, tenant: str = "mine", webhook: str | None = None) -> None:
    wish = {"agent": None, "business": None, "category": None, "output": "pages"}
    store.add_job(workspace, job_id, NewJob(tenant, None, ("a.pdf",), wish, webhook), ["0" * 64])  # type: ignore[arg-type]


def claimed(workspace: Workspace, claimant: str = "me", but: Passed = store.NOTHING) -> Job:
    job = store.claim(workspace, claimant, but)
    assert job is not None
    return job


def run_out(workspace: Workspace, job_id: str) -> None:
    """Whoever has the job hasn't said so for a while."""
    with workspace.transaction() as session:
        session.get_one(JobRow, job_id).claimed_until = now() - timedelta(seconds=1)


def test_each_job_is_claimed_once(workspace: Workspace) -> None:
    add(workspace, "a")
    assert claimed(workspace).id == "a"
    assert store.claim(workspace, "other") is None
    assert store.unfinished(workspace, 9) == []


def test_tenants_take_turns(workspace: Workspace) -> None:
    for job_id, tenant in [("a", "big"), ("b", "big"), ("c", "big"), ("d", "small")]:
        add(workspace, job_id, tenant)
    assert [claimed(workspace).id for _ in range(4)] == ["a", "d", "b", "c"]


def test_who_has_enough_is_passed_over(workspace: Workspace) -> None:
    for job_id, tenant in [("a", "big"), ("b", "small"), ("c", "small")]:
        add(workspace, job_id, tenant)
    assert claimed(workspace, but=Passed(ids=["b"], tenants=["big"])).id == "c"


def test_a_claim_that_ran_out_is_somebody_elses(workspace: Workspace) -> None:
    add(workspace, "a")
    first = claimed(workspace, "first")
    run_out(workspace, "a")
    assert store.unfinished(workspace, 9) == ["a"]
    second = claimed(workspace, "second")
    assert not store.renew(workspace, "a", "first")
    assert not store.end(workspace, first, "done")
    store.release(workspace, "a", "first")  # it isn't its to release
    assert store.renew(workspace, "a", "second")
    assert store.end(workspace, second, "done")


def test_a_job_that_is_put_off_is_nobodys_until_then(workspace: Workspace) -> None:
    add(workspace, "a")
    claimed(workspace)
    store.release(workspace, "a", "me", pause_s=60)
    assert store.claim(workspace, "me") is None
    assert store.job_of(workspace, "a").state == "queued"
    run_out(workspace, "a")
    assert claimed(workspace).attempts == 2


def test_attempts_count_until_a_page_is_stored(workspace: Workspace) -> None:
    add(workspace, "a")
    for attempt in (1, 2):
        assert claimed(workspace).attempts == attempt
        run_out(workspace, "a")
    store.keep_page(workspace, "a", PAGE)
    assert claimed(workspace).attempts == 1
    store.release(workspace, "a", "me")  # a drain is no fault of its
    assert claimed(workspace).attempts == 1


def test_a_claim_that_ran_out_is_counted_until_a_page_is_stored(workspace: Workspace) -> None:
    add(workspace, "a")
    assert claimed(workspace, "first").lost == 0
    for lost, service in enumerate(["second", "third"], start=1):
        run_out(workspace, "a")
        assert claimed(workspace, service).lost == lost
    run_out(workspace, "a")
    assert claimed(workspace, "third").lost == 2  # it lives: the database only was slow
    store.release(workspace, "a", "third", pause_s=0)
    assert claimed(workspace, "fourth").lost == 2  # whoever had it let go of it
    store.release(workspace, "a", "fourth")
    store.keep_page(workspace, "a", PAGE)
    job = claimed(workspace)
    assert (job.lost, job.attempts) == (0, 1)


def test_what_is_lost_is_free_at_once_and_counts_as_if_its_service_had_died(workspace: Workspace) -> None:
    add(workspace, "a")
    claimed(workspace, "first")
    store.lose(workspace, "a", "other")  # it isn't its to lose
    assert store.claim(workspace, "other") is None
    store.lose(workspace, "a", "first")
    job = claimed(workspace, "other")
    assert (job.lost, job.attempts) == (1, 2)


def test_a_job_that_was_lost_again_and_again_has_a_service_to_itself(workspace: Workspace) -> None:
    for job_id in ("a", "b", "c"):
        add(workspace, job_id)
    assert [claimed(workspace).id for _ in range(2)] == ["a", "b"]
    with workspace.transaction() as session:
        session.get_one(JobRow, "b").lost = 1
    run_out(workspace, "b")
    assert store.claim(workspace, "other", Passed(ids=["a"])) is not None  # lost twice now, as "b" is claimed
    run_out(workspace, "b")
    assert store.claim(workspace, "me", Passed(ids=["a"])) is None  # not even "c", or "b" would wait for ever
    job = claimed(workspace, "another")
    assert (job.id, job.alone) == ("b", True)
    assert claimed(workspace, "third").id == "c"


def test_pages_are_counted_by_the_type_of_their_problem(workspace: Workspace) -> None:
    add(workspace, "a")
    for page, kind in enumerate(["urn:x", "urn:y", "urn:x"], start=1):
        store.keep_page(
            workspace, "a", (page, None, {"type": kind, "title": "", "status": 422, "detail": ""})
        )
    store.keep_page(workspace, "a", (4, None, None))
    assert store.problems(workspace, "a", "urn:x") == 2


def test_cancelling_ends_what_nobody_works_on(workspace: Workspace) -> None:
    for job_id in ("a", "b", "c"):
        add(workspace, job_id)
    claimed(workspace), claimed(workspace)
    run_out(workspace, "b")
    assert not store.cancel(workspace, "a", "mine")  # its worker will see it
    assert not store.renew(workspace, "a", "me")
    assert store.cancel(workspace, "b", "mine") and store.cancel(workspace, "c", "mine")


@pytest.mark.parametrize("state", ["done", "failed"])
def test_cancelling_what_has_ended_changes_nothing(workspace: Workspace, state: str) -> None:
    add(workspace, "a")
    store.end(workspace, claimed(workspace), state)  # type: ignore[arg-type]
    before = store.job_of(workspace, "a")
    assert not store.cancel(workspace, "a", "mine")
    assert store.job_of(workspace, "a") == before and not before.cancelled


def test_a_webhook_is_told_by_one_at_a_time(workspace: Workspace) -> None:
    add(workspace, "a", webhook="http://hooks.example/")
    assert store.untold(workspace, 9) == []  # it hasn't ended
    store.end(workspace, claimed(workspace), "done")
    assert store.untold(workspace, 9) == ["a"]
    begun = store.claim_webhook(workspace, "a", 60)
    assert begun is not None and begun[1] == 1
    assert store.claim_webhook(workspace, "a", 60) is None and store.untold(workspace, 9) == []
    store.put_off_webhook(workspace, "a", 0)
    begun = store.claim_webhook(workspace, "a", 60)
    assert begun is not None and begun[1] == 2
    store.told(workspace, "a", "told")
    store.put_off_webhook(workspace, "a", 0)
    assert store.untold(workspace, 9) == [] and store.claim_webhook(workspace, "a", 60) is None
