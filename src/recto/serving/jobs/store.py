"""The store of jobs: their rows in the workspace's database, and who works on which of them.

A worker claims a job for a while and renews its claim; one that died doesn't, and the next one goes on at the
first page that is missing. Tenants take turns. Nothing is read, opened or sent here; all
of it may wait for the database.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from recto.documents.transcript import TranscriptJson
from recto.errors import JobNotFound
from recto.serving.answers import RouteJson
from recto.serving.jobs.job import ALONE_AFTER, ENDED, Job, JobDocument, NewJob, State, Wish
from recto.serving.problems import ProblemJson
from recto.workspace.folder import Workspace
from recto.workspace.tables import ApiKeyRow, JobFieldsRow, JobPageRow, JobRow
from recto.workspace.utc import now

CLAIM_S = 10.0
"""So long a claim lasts: after a kill, somebody else goes on with the job no later than that."""

_UNFINISHED = JobRow.state.in_(("queued", "running"))
_RUNNING = JobRow.state == "running"
_ALONE = or_(JobRow.lost >= ALONE_AFTER, and_(_RUNNING, JobRow.lost == ALONE_AFTER - 1))
"""Of free jobs: one that is running has just been lost again, which the next claim counts."""

PageResult = tuple[int, TranscriptJson | None, ProblemJson | None]
"""A page's number in its job, and its Transcript or its problem."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What a worker passes over: jobs that are under way beside it, and tenants that have enough there."""

    ids: Collection[str] = ()
    tenants: Collection[str] = ()


NOTHING = Passed()


def add_job(workspace: Workspace, job_id: str, new: NewJob, hashes: Sequence[str]) -> None:
    """A new job, queued; `hashes` are of its documents."""
    documents: list[JobDocument] = [
        {"name": name, "sha256": sha256, "page_count": None}
        for name, sha256 in zip(new.names, hashes, strict=True)
    ]
    with workspace.transaction() as session:
        session.add(
            JobRow(
                id=job_id,
                key_id=new.key_id,
                tenant=new.tenant,
                state="queued",
                created_at=now(),
                webhook=new.webhook,
                options={**new.wish, "documents": documents},
            )
        )


def job_of(workspace: Workspace, job_id: str, tenant: str | None = None) -> Job:
    """One job. Raises JobNotFound where there is none, or it is another tenant's."""
    with workspace.read() as session:
        row = session.get(JobRow, job_id)
        if row is None or tenant not in (None, row.tenant):
            raise JobNotFound("there is no such job", hint="jobs are deleted some days after their end")
        return _job(session, row)


def claim(workspace: Workspace, claimant: str, but: Passed = NOTHING) -> Job | None:
    """Take a job for CLAIM_S: the oldest free one of the tenant with the fewest under way; None: none is."""
    if not unfinished(workspace, limit=1):
        return None  # who finds nothing doesn't write, either
    with workspace.transaction() as session:
        job_id = _next(session, but)
        if job_id is None:
            return None
        row = session.get_one(JobRow, job_id)
        if row.state == "running" and row.claimed_by != claimant:
            row.lost += 1  # whoever had it would have let go of it
        row.state, row.started_at = "running", row.started_at or now()
        row.claimed_until, row.claimed_by = _later(CLAIM_S), claimant
        row.attempts += 1
        return _job(session, row)


def alone_waits(workspace: Workspace) -> bool:
    """Whether a free job wants to be alone: what is under way should make room for it."""
    query = select(JobRow.id).where(_UNFINISHED, _unclaimed(), _ALONE).limit(1)
    with workspace.read() as session:
        return session.scalar(query) is not None


def _next(session: Session, but: Passed) -> str | None:
    """The next job; one that wants to be alone comes first, and until then nothing else is begun."""
    free = select(JobRow.id).where(_UNFINISHED, _unclaimed()).order_by(JobRow.created_at)
    alone = session.scalar(free.where(_ALONE).limit(1))
    if alone is not None:
        return None if but.ids else alone
    query = free.add_columns(JobRow.tenant).where(
        JobRow.id.not_in(but.ids), JobRow.tenant.not_in(but.tenants)
    )
    others = session.execute(query).all()
    busy = Counter(session.scalars(select(JobRow.tenant).where(_RUNNING, JobRow.claimed_until >= now())))
    return min(others, key=lambda job: busy[job.tenant]).id if others else None  # the oldest of them


def renew(workspace: Workspace, job_id: str, claimant: str) -> bool:
    """Claim it for another while; False where its owner wants no more of it, or somebody else has it."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is None or row.state in ENDED or row.cancelled or row.claimed_by != claimant:
            return False
        row.claimed_until = _later(CLAIM_S)
        return True


def release(workspace: Workspace, job_id: str, claimant: str, pause_s: float | None = None) -> None:
    """Let go of a job that isn't finished: the next worker goes on with it, after the pause.

    Without a pause nothing was wrong with it, and the attempt doesn't count.
    """
    with workspace.transaction() as session:
        if row := _held(session, job_id, claimant):
            row.state, row.claimed_by = "queued", None
            row.claimed_until = None if pause_s is None else _later(pause_s)
            if pause_s is None:
                row.attempts = max(row.attempts - 1, 0)


def lose(workspace: Workspace, job_id: str, claimant: str) -> None:
    """Let go of a job that is to blame, perhaps, for the end of this service: as a kill would have done."""
    with workspace.transaction() as session:
        if row := _held(session, job_id, claimant):
            row.state, row.claimed_by, row.claimed_until = "queued", None, None
            row.lost += 1


def opened(workspace: Workspace, job_id: str, place: int, page_count: int) -> None:
    """Document `place` (from 0) of the job has so many pages."""
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        documents = [*cast(list[JobDocument], row.options["documents"])]
        documents[place] = {**documents[place], "page_count": page_count}
        row.options = {**row.options, "documents": documents}


def keep_page(workspace: Workspace, job_id: str, result: PageResult) -> None:
    """A page is read, or has failed for good. Once more changes nothing."""
    page, transcript, problem = result
    with workspace.transaction() as session:
        row = JobPageRow(
            job_id=job_id,
            page=page,
            transcript=None if transcript is None else {**transcript},
            problem=None if problem is None else {**problem},
        )
        session.merge(row)
        in_vain = or_(JobRow.attempts != 0, JobRow.lost != 0)
        session.execute(update(JobRow).where(JobRow.id == job_id, in_vain).values(attempts=0, lost=0))


def end(workspace: Workspace, job: Job, state: State, problem: ProblemJson | None = None) -> bool:
    """The job has ended, as far as its worker says; False where it had before, or somebody else has it."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job.id)
        if row is None or row.state in ENDED or row.claimed_by != job.claimed_by:
            return False
        row.state, row.ended_at, row.claimed_until = state, now(), None
        row.problem = None if problem is None else {**problem}
        return True


def cancel(workspace: Workspace, job_id: str, tenant: str) -> bool:
    """Its owner wants no more of it: one that nobody works on has ended by that, and it is True.

    Nothing becomes of one that had ended before. Raises JobNotFound.
    """
    job_of(workspace, job_id, tenant)
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        if row.state in ENDED:
            return False
        row.cancelled = True
        if row.state == "running" and row.claimed_until and row.claimed_until > now():
            return False
        row.state, row.ended_at, row.claimed_until = "cancelled", now(), None
        return True


def routed(workspace: Workspace, job_id: str, route: RouteJson) -> None:
    """Who reads the job, from now on."""
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        row.options = {**row.options, "route": {**route}}


def claim_webhook(workspace: Workspace, job_id: str, for_s: float) -> tuple[Job, int] | None:
    """Begin to tell its webhook, which takes `for_s` at most: the job and the number of the attempt.

    None where it isn't due, or needs no more telling.
    """
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is None or row.webhook_outcome is not None or (row.webhook_due and row.webhook_due > now()):
            return None
        row.webhook_attempts += 1
        row.webhook_due = _later(for_s)
        return _job(session, row), row.webhook_attempts


def put_off_webhook(workspace: Workspace, job_id: str, pause_s: float) -> None:
    """Its webhook is told again after the pause."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is not None:
            row.webhook_due = _later(pause_s)


def told(workspace: Workspace, job_id: str, outcome: str) -> None:
    """What became of its webhook."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is not None:
            row.webhook_outcome = outcome


def results(workspace: Workspace, job_id: str, after: int, limit: int) -> tuple[PageResult, ...]:
    """Its pages after page `after`, as far as they are there."""
    query = select(JobPageRow).where(JobPageRow.job_id == job_id, JobPageRow.page > after)
    with workspace.read() as session:
        rows = session.scalars(query.order_by(JobPageRow.page).limit(limit))
        return tuple(
            (
                row.page,
                cast(TranscriptJson | None, row.transcript),
                cast(ProblemJson | None, row.problem),
            )
            for row in rows
        )


def first_problem(workspace: Workspace, job_id: str) -> ProblemJson | None:
    """The problem of the first page that has one."""
    query = select(JobPageRow.problem).where(JobPageRow.job_id == job_id, JobPageRow.problem.is_not(None))
    with workspace.read() as session:
        return cast(ProblemJson | None, session.scalar(query.order_by(JobPageRow.page).limit(1)))


def problems(workspace: Workspace, job_id: str, kind: str) -> int:
    """How many of its pages have a problem of this type."""
    is_it = JobPageRow.problem["type"].as_string() == kind
    with workspace.read() as session:
        return session.scalar(select(func.count()).where(JobPageRow.job_id == job_id, is_it)) or 0


def waiting(workspace: Workspace, tenant: str | None = None) -> int:
    """Jobs that nobody works on, of all tenants or of one."""
    query = select(func.count()).where(JobRow.state == "queued")
    with workspace.read() as session:
        return session.scalar(query if tenant is None else query.where(JobRow.tenant == tenant)) or 0


def several_tenants(workspace: Workspace) -> bool:
    """Whether more than one tenant has a key."""
    query = select(func.count(ApiKeyRow.tenant.distinct())).where(ApiKeyRow.revoked_at.is_(None))
    with workspace.read() as session:
        return (session.scalar(query) or 0) > 1


def unfinished(workspace: Workspace, limit: int) -> Sequence[str]:
    """Jobs that are to be worked on and that nobody holds, oldest first."""
    with workspace.read() as session:
        query = select(JobRow.id).where(_UNFINISHED, _unclaimed()).order_by(JobRow.created_at).limit(limit)
        return session.scalars(query).all()


def untold(workspace: Workspace, limit: int) -> Sequence[str]:
    """Jobs that have ended, and whose webhook doesn't know and is due to be told."""
    is_due = or_(JobRow.webhook_due.is_(None), JobRow.webhook_due <= now())
    doesnt_know = (JobRow.webhook.is_not(None), JobRow.webhook_outcome.is_(None))
    query = select(JobRow.id).where(JobRow.state.in_(ENDED), *doesnt_know, is_due)
    with workspace.read() as session:
        return session.scalars(query.order_by(JobRow.ended_at).limit(limit)).all()


def purge(workspace: Workspace, keep_days: int, at: datetime | None = None) -> Sequence[str]:
    """Forget the jobs that ended more than `keep_days` before `at` (now), with all of them; their ids."""
    oldest = (at or now()) - timedelta(days=keep_days)
    with workspace.transaction() as session:
        ids = session.scalars(select(JobRow.id).where(JobRow.ended_at < oldest)).all()
        session.execute(delete(JobFieldsRow).where(JobFieldsRow.job_id.in_(ids)))
        session.execute(delete(JobPageRow).where(JobPageRow.job_id.in_(ids)))
        session.execute(delete(JobRow).where(JobRow.id.in_(ids)))
    return ids


def known(workspace: Workspace) -> frozenset[str]:
    """All jobs that aren't finished with their files."""
    with workspace.read() as session:
        return frozenset(session.scalars(select(JobRow.id).where(JobRow.state.not_in(ENDED))))


def _held(session: Session, job_id: str, claimant: str) -> JobRow | None:
    """Its row, where it is unfinished and the claimant's."""
    row = session.get(JobRow, job_id)
    return None if row is None or row.claimed_by != claimant or row.state in ENDED else row


def _job(session: Session, row: JobRow) -> Job:
    pages = select(func.count(), func.count(JobPageRow.problem)).where(JobPageRow.job_id == row.id)
    count, failed = session.execute(pages).one()
    return Job(
        id=row.id,
        tenant=row.tenant,
        key_id=row.key_id,
        state=cast(State, row.state),
        documents=tuple(cast(list[JobDocument], row.options["documents"])),
        wish=cast(Wish, {key: value for key, value in row.options.items() if key != "documents"}),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        problem=cast(ProblemJson | None, row.problem),
        webhook=row.webhook,
        webhook_outcome=row.webhook_outcome,
        cancelled=row.cancelled,
        claimed_by=row.claimed_by,
        attempts=row.attempts,
        lost=row.lost,
        pages_read=count - failed,
        pages_failed=failed,
    )


def _unclaimed() -> ColumnElement[bool]:
    return or_(JobRow.claimed_until.is_(None), JobRow.claimed_until < now())


def _later(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
