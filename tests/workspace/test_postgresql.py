"""The workspace on a real PostgreSQL server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from recto.datasets.corpus import add_examples, counts, snapshot
from recto.datasets.example import Example
from recto.datasets.splitting import Shares
from recto.errors import WorkspaceError
from recto.workspace import database
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.tables import JobPageRow, JobRow, PlacementRow, Table
from recto.workspace.utc import now


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: str) -> Iterator[Workspace]:
    """A workspace whose tables are in an empty database there."""
    monkeypatch.setenv("RECTO_DATABASE", postgresql)
    opened = create_workspace(tmp_path / "w")
    yield opened
    opened.sessions.kw["bind"].dispose()


def test_tables_equal_the_models(workspace: Workspace) -> None:
    with workspace.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_jobs_and_their_pages_survive_a_step_back_and_forth(workspace: Workspace) -> None:
    documents = [{"name": "a.pdf", "sha256": "77", "page_count": 1}]
    with workspace.transaction() as session:
        options: dict[str, object] = {"documents": documents}
        session.add(JobRow(id="j", tenant="mine", state="queued", created_at=now(), options=options))
        session.flush()
        session.add(JobPageRow(job_id="j", page=1))
    engine = workspace.sessions.kw["bind"]
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.connect().execution_options(**database.WRITES) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        assert connection.execute(text("SELECT name, sha256 FROM jobs")).all() == [("a.pdf", "77")]
    database.migrate(engine)
    with workspace.read() as session:
        assert session.query(JobPageRow).count() == 1


def test_writers_wait_for_each_other(workspace: Workspace) -> None:
    with workspace.transaction() as session:
        session.add(PlacementRow(key="0", split="", since=now()))

    def add_one(_: int) -> None:
        with workspace.transaction() as session:
            session.query(PlacementRow).one().split += "x"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(20)))
    with workspace.read() as session:
        assert session.query(PlacementRow).one().split == "x" * 20


def test_documents_are_added_and_taken(
    workspace: Workspace, make_pdf: Callable[..., bytes], samples: dict[str, bytes]
) -> None:
    examples = [
        Example("letter.pdf", make_pdf(2), None, "contract"),
        Example("a.png", samples["scan.png"], "a", "receipt", group="g", fields={"x": [1, None]}),
        Example("b.jpg", samples["progressive.jpg"], "b", "receipt", group="g", split="test"),
    ]
    added = add_examples(workspace, examples, shares=Shares(1, 0, 0))
    assert (len(added.trusted), len(added.queued), len(added.moved)) == (2, 2, 1)
    assert len(add_examples(workspace, examples, shares=Shares(1, 0, 0)).known) == 4
    assert counts(workspace).splits == {"test": 2}
    assert [e.fields for e in snapshot(workspace, "general").examples] == [{"x": [1, None]}, None]


def test_a_server_that_isnt_there_is_our_error_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECTO_DATABASE", "postgresql+psycopg://someone:secret@127.0.0.1:1/x")
    with pytest.raises(WorkspaceError, match="can't be used") as caught:
        create_workspace(tmp_path)
    assert "secret" not in str(caught.value)
