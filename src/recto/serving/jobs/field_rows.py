"""The rows of fields: what was found in each document of a job, or why nothing was. One row a document.

As in `store`, nothing is read or found here, and all of it may wait for the database.
"""

from typing import TypedDict, cast

from sqlalchemy import func, or_, select, update

from recto.extraction.fields import ExtractionJson
from recto.serving.answers import PageJson
from recto.serving.jobs.store import PageResult, results
from recto.serving.problems import ProblemJson
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobFieldsRow, JobRow

PAGES_AT_ONCE = 50


class ReadBy(TypedDict):
    """Who read a document, as its first page that could be read says, and the pages that couldn't."""

    release: str | None
    engine: str
    failed_pages: list[PageJson]


class FieldsInJob(ExtractionJson, ReadBy):
    """The fields of one document, in what was read."""


FieldsResult = tuple[int, FieldsInJob | None, ProblemJson | None]
"""A document's place in its job, from 1, and its fields or its problem."""


def keep_fields(workspace: Workspace, job_id: str, result: FieldsResult) -> None:
    """A document's fields are found, or can't be. What was there already stays."""
    document, extraction, problem = result
    with workspace.transaction() as session:
        if session.get(JobFieldsRow, (job_id, document)) is None:
            session.add(
                JobFieldsRow(
                    job_id=job_id,
                    document=document,
                    extraction=None if extraction is None else {**extraction},
                    problem=None if problem is None else {**problem},
                )
            )
        in_vain = or_(JobRow.attempts != 0, JobRow.lost != 0)
        session.execute(update(JobRow).where(JobRow.id == job_id, in_vain).values(attempts=0, lost=0))


def fields_of(workspace: Workspace, job_id: str, after: int, limit: int) -> tuple[FieldsResult, ...]:
    """Those of documents after document `after`, as far as they are there, in order."""
    query = select(JobFieldsRow).where(JobFieldsRow.job_id == job_id, JobFieldsRow.document > after)
    with workspace.read() as session:
        rows = session.scalars(query.order_by(JobFieldsRow.document).limit(limit))
        return tuple(
            (row.document, cast(FieldsInJob | None, row.extraction), cast(ProblemJson | None, row.problem))
            for row in rows
        )


def fields_there(workspace: Workspace, job_id: str) -> int:
    """Of how many documents: of the first ones, because they are stored in order."""
    with workspace.read() as session:
        return session.scalar(select(func.count()).where(JobFieldsRow.job_id == job_id)) or 0


def given_up(workspace: Workspace, job_id: str, kind: str) -> int:
    """Of how many documents the fields have a problem of this type."""
    is_it = JobFieldsRow.problem["type"].as_string() == kind
    with workspace.read() as session:
        return session.scalar(select(func.count()).where(JobFieldsRow.job_id == job_id, is_it)) or 0


def pages_of(workspace: Workspace, job_id: str, numbers: range, most_lines: int) -> tuple[PageResult, ...]:
    """The pages of one document, which has these `numbers`; a few of those with more than so many lines."""
    pages: list[PageResult] = []
    lines = 0
    while len(pages) < len(numbers) and lines <= most_lines:
        after = numbers.start - 1 + len(pages)
        more = results(workspace, job_id, after, min(PAGES_AT_ONCE, len(numbers) - len(pages)))
        if not more:
            break
        pages += more
        lines += sum(len(page["lines"]) for _, page, _ in more if page is not None)
    return tuple(pages)
