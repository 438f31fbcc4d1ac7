"""Rows of fields: one a document, never two, gone with their job."""

from datetime import timedelta

from recto.documents.transcript import Line, Transcript
from recto.serving.jobs import field_rows, store
from recto.serving.problems import problem
from recto.workspace.folder import Workspace
from recto.workspace.tables import JobRow
from recto.workspace.utc import now

from .test_store import add, claimed

WHY = problem(422, "so")


def keep_page(workspace: Workspace, number: int, lines: int) -> None:
    line = Line("a", (0.0, 0.0, 1.0, 1.0), 0.9)
    said = Transcript("a.pdf", number, 9, 9, "a", (line,) * lines, "fake")
    store.keep_page(workspace, "a", (number, said.to_json(), None))


def test_what_was_found_first_stays(workspace: Workspace) -> None:
    add(workspace, "a")
    field_rows.keep_fields(workspace, "a", (1, None, WHY))
    field_rows.keep_fields(workspace, "a", (1, None, problem(422, "otherwise")))
    assert field_rows.fields_of(workspace, "a", 0, 9) == ((1, None, WHY),)
    assert field_rows.fields_there(workspace, "a") == 1


def test_they_come_in_order_a_few_at_a_time(workspace: Workspace) -> None:
    add(workspace, "a")
    add(workspace, "b")
    for document in (2, 1, 3):
        field_rows.keep_fields(workspace, "a", (document, None, WHY))
    assert [one[0] for one in field_rows.fields_of(workspace, "a", 0, 2)] == [1, 2]
    assert [one[0] for one in field_rows.fields_of(workspace, "a", 2, 2)] == [3]
    assert field_rows.fields_of(workspace, "b", 0, 9) == ()


def test_they_count_as_progress(workspace: Workspace) -> None:
    add(workspace, "a")
    assert claimed(workspace).attempts == 1
    field_rows.keep_fields(workspace, "a", (1, None, WHY))
    job = store.job_of(workspace, "a")
    assert (job.attempts, job.lost) == (0, 0)


def test_no_more_pages_are_fetched_than_may_have_fields(workspace: Workspace) -> None:
    add(workspace, "a")
    count = 3 * field_rows.PAGES_AT_ONCE
    for number in range(1, count + 1):
        keep_page(workspace, number, 1)
    fetched = [page[0] for page in field_rows.pages_of(workspace, "a", range(3, count), 10_000)]
    assert fetched == list(range(3, count))
    most = field_rows.PAGES_AT_ONCE - 1
    assert len(field_rows.pages_of(workspace, "a", range(1, count + 1), most)) == field_rows.PAGES_AT_ONCE


def test_those_of_a_kind_are_counted(workspace: Workspace) -> None:
    add(workspace, "a")
    field_rows.keep_fields(workspace, "a", (1, None, problem(422, "so", kind="PageGivenUp")))
    field_rows.keep_fields(workspace, "a", (2, None, WHY))
    assert field_rows.given_up(workspace, "a", "urn:recto:problem:page-given-up") == 1


def test_they_are_deleted_with_their_job(workspace: Workspace) -> None:
    add(workspace, "a")
    field_rows.keep_fields(workspace, "a", (1, None, WHY))
    with workspace.transaction() as session:
        session.get_one(JobRow, "a").ended_at = now() - timedelta(days=9)
    assert store.purge(workspace, 7) == ["a"]
    assert field_rows.fields_there(workspace, "a") == 0
