"""The store of jobs: their rows in the workspace's database, and who works on which of them.

A worker claims a job for a while and renews its claim; one that died doesn't, and the next one goes on at the
first page that is missing. Nothing is read, opened or sent here; all of it may wait for the database.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from recto.documents.transcript import TranscriptJson
from recto.errors import JobNotFound
from recto.serving.jobs.job import ENDED, Job, JobDocument, NewJob, State, Wish
from recto.serving.problems import ProblemJson
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobPageRow, JobRow
from recto.workspace.utc import now

CLAIM_S = 10.0
"""So long a claim lasts: after a kill, somebody else goes on with the job no later than that."""

PageResult = tuple[int, TranscriptJson | None, ProblemJson | None]
"""A page's number in its job, and its Transcript or its problem."""


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
                name=new.names[0],
                sha256=hashes[0],
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


def claim(workspace: Workspace, job_id: str) -> Job | None:
    """Take the job for CLAIM_S; None where it has ended, is gone, or somebody else works on it."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is None or row.state in ENDED or (row.claimed_until and row.claimed_until > now()):
            return None
        row.state, row.started_at = "running", row.started_at or now()
        row.claimed_until = _later()
        return _job(session, row)


def renew(workspace: Workspace, job_id: str) -> bool:
    """Claim it for another while; False where its owner wants no more of it."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is None or row.state in ENDED or row.cancelled:
            return False
        row.claimed_until = _later()
        return True


def release(workspace: Workspace, job_id: str) -> None:
    """Let go of a job that isn't finished: the next worker goes on with it."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is not None:
            row.claimed_until = None


def opened(workspace: Workspace, job_id: str, place: int, page_count: int) -> None:
    """Document `place` (from 0) of the job has so many pages."""
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        documents = [*cast(list[JobDocument], row.options["documents"])]
        documents[place] = {**documents[place], "page_count": page_count}
        row.options = {**row.options, "documents": documents}
        counts = [document["page_count"] for document in documents]
        row.page_count = None if None in counts else sum(count or 0 for count in counts)


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


def end(workspace: Workspace, job_id: str, state: State, problem: ProblemJson | None = None) -> None:
    """The job has ended; one that had ended before stays as it was."""
    with workspace.transaction() as session:
        row = session.get(JobRow, job_id)
        if row is not None and row.state not in ENDED:
            row.state, row.ended_at, row.claimed_until = state, now(), None
            row.problem = None if problem is None else {**problem}


def cancel(workspace: Workspace, job_id: str, tenant: str) -> Job:
    """Its owner wants no more of it: one that nobody works on has ended by that. Raises JobNotFound."""
    job_of(workspace, job_id, tenant)
    with workspace.transaction() as session:
        row = session.get_one(JobRow, job_id)
        row.cancelled = True
        if row.state == "queued":
            row.state, row.ended_at = "cancelled", now()
    return job_of(workspace, job_id, tenant)


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


def waiting(workspace: Workspace) -> int:
    """Jobs that nobody has begun with."""
    with workspace.read() as session:
        return session.scalar(select(func.count()).where(JobRow.state == "queued")) or 0


def unfinished(workspace: Workspace) -> Sequence[str]:
    """Jobs that are to be worked on and that nobody holds, oldest first."""
    free = or_(JobRow.claimed_until.is_(None), JobRow.claimed_until < now())
    query = select(JobRow.id).where(JobRow.state.in_(("queued", "running")), free)
    with workspace.read() as session:
        return session.scalars(query.order_by(JobRow.created_at)).all()


def abandoned(workspace: Workspace) -> Sequence[str]:
    """Jobs whose worker died: it began with them, and its claim has run out."""
    query = select(JobRow.id).where(JobRow.state == "running", JobRow.claimed_until < now())
    with workspace.read() as session:
        return session.scalars(query).all()


def untold(workspace: Workspace) -> Sequence[str]:
    """Jobs that have ended, and whose webhook doesn't know."""
    query = select(JobRow.id).where(
        JobRow.state.in_(ENDED), JobRow.webhook.is_not(None), JobRow.webhook_outcome.is_(None)
    )
    with workspace.read() as session:
        return session.scalars(query).all()


def purge(workspace: Workspace, keep_days: int, at: datetime | None = None) -> Sequence[str]:
    """Forget the jobs that ended more than `keep_days` before `at` (now), with their pages; their ids."""
    oldest = (at or now()) - timedelta(days=keep_days)
    with workspace.transaction() as session:
        ids = session.scalars(select(JobRow.id).where(JobRow.ended_at < oldest)).all()
        session.execute(delete(JobPageRow).where(JobPageRow.job_id.in_(ids)))
        session.execute(delete(JobRow).where(JobRow.id.in_(ids)))
    return ids


def known(workspace: Workspace) -> frozenset[str]:
    """All jobs that aren't finished with their files."""
    with workspace.read() as session:
        return frozenset(session.scalars(select(JobRow.id).where(JobRow.state.not_in(ENDED))))


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
        pages_read=count - failed,
        pages_failed=failed,
    )


def _later() -> datetime:
    return now() + timedelta(seconds=CLAIM_S)
