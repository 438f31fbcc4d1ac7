"""Connecting, migrating, transactions, and what the errors of the database become."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from recto.errors import RectoError, WorkspaceError
from recto.workspace import database
from recto.workspace.database import HEAD, connect, migrate
from recto.workspace.folder import create_workspace, open_workspace
from recto.workspace.tables import PlacementRow, Table
from recto.workspace.utc import now


def test_migrations_make_exactly_the_tables_of_the_models(tmp_path: Path) -> None:
    engine = connect("", tmp_path)
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_head_is_the_newest_step() -> None:
    script = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    assert script.get_heads() == [HEAD]


def test_migrating_twice_changes_nothing_and_keeps_rows(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    with workspace.transaction() as session:
        session.add(PlacementRow(key="group a", split="test", since=now()))
    with open_workspace(tmp_path).read() as session:
        assert session.get_one(PlacementRow, "group a").split == "test"


def test_promotions_survive_the_step_that_writes_their_table_anew(tmp_path: Path) -> None:
    engine = connect("", tmp_path)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    with engine.connect().execution_options(**database.WRITES) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (
            "INSERT INTO releases VALUES (1, 'general', '2026-11-21', 'e', '', '', '', '', '', NULL, '{}')",
            "INSERT INTO current_releases VALUES ('general', 1, '2026-11-21')",
            "INSERT INTO promotions VALUES (7, 'general', 1, NULL, 'promote', 'good', '2026-11-21')",
        ):
            connection.execute(text(statement))
    migrate(engine)
    with engine.connect().execution_options(**database.WRITES) as connection, connection.begin():
        kept = connection.execute(text("SELECT id, scope, number, reason FROM promotions")).all()
        assert kept == [(7, "general", 1, "good")]
        connection.execute(
            text("INSERT INTO promotions VALUES (8, 'general', NULL, 1, 'rollback', 'bad', '2026-11-21')")
        )
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert connection.scalar(text("SELECT max(id) FROM promotions")) == 7


def test_jobs_and_their_pages_survive_the_step_that_takes_columns_from_their_table(tmp_path: Path) -> None:
    engine = connect("", tmp_path)
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    options = json.dumps({"documents": [{"name": "a.pdf", "sha256": "77"}, {"name": "b.pdf"}]})
    columns = "id, tenant, state, name, sha256, created_at, options"
    insert = f"INSERT INTO jobs ({columns}) VALUES ('j', 'me', 'queued', 'a.pdf', '77', '2026-11-21', ?)"
    with engine.connect().execution_options(**database.WRITES) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.exec_driver_sql(insert, (options,))
        connection.execute(text("INSERT INTO job_pages (job_id, page) VALUES ('j', 1)"))
    migrate(engine)
    with engine.connect().execution_options(**database.WRITES) as connection, connection.begin():
        assert connection.execute(text("SELECT id, attempts, lost FROM jobs")).all() == [("j", 0, 0)]
        assert connection.execute(text("SELECT * FROM job_pages")).all() == [("j", 1, None, None)]
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        assert connection.execute(text("SELECT name, sha256 FROM jobs")).all() == [("a.pdf", "77")]
        assert connection.scalar(text("SELECT count(*) FROM job_pages")) == 1


@pytest.mark.parametrize("attempt", range(20))  # it failed once in twenty times
def test_those_that_migrate_at_once_all_succeed(tmp_path: Path, attempt: int) -> None:
    gate = threading.Barrier(4)

    def one(_: int) -> None:
        engine = connect("", tmp_path)
        gate.wait()
        migrate(engine)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(4)))


def test_a_migration_that_is_cut_off_leaves_an_empty_database(tmp_path: Path) -> None:
    engine = connect("", tmp_path)
    with pytest.raises(RuntimeError), engine.connect().execution_options(**database.WRITES) as c, c.begin():
        database._upgrade(c)
        raise RuntimeError("the light goes out")
    with engine.connect() as connection:
        assert list(connection.execute(text("SELECT name FROM sqlite_master"))) == []
    migrate(engine)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    with workspace.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WorkspaceError, match=r"version 9999.*\n.*update this one"):
        open_workspace(tmp_path)


def test_a_file_that_is_no_database_is_our_error(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    (tmp_path / "recto.db").write_bytes(b"not a database at all" * 300)
    with pytest.raises(WorkspaceError, match=r"recto\.db: the database can't be used"):
        open_workspace(tmp_path)


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    with pytest.raises(KeyError), workspace.transaction() as session:
        session.add(PlacementRow(key="group a", split="test", since=now()))
        session.flush()
        raise KeyError
    with workspace.read() as session:
        session.add(PlacementRow(key="group b", split="test", since=now()))
    with workspace.read() as session:
        assert session.query(PlacementRow).count() == 0


def test_writers_wait_for_each_other_and_lose_nothing(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    with workspace.transaction() as session:
        session.add(PlacementRow(key="0", split="", since=now()))

    def add_one(_: int) -> None:
        with workspace.transaction() as session:
            row = session.query(PlacementRow).one()
            row.split += "x"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(40)))
    with workspace.read() as session:
        assert session.query(PlacementRow).one().split == "x" * 40


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "no URL of a database"),
        ("nodb://x/y", "no URL of a database"),
        ("mysql+pymysql://x/y", "pymysql|mysql"),
        ("sqlite://", "can't live in memory"),
    ],
)
def test_bad_urls(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RectoError, match=message):
        connect(url, tmp_path)


def test_a_relative_sqlite_path_means_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_workspace(tmp_path)
    toml = (tmp_path / "recto.toml").read_text()
    (tmp_path / "recto.toml").write_text(toml.replace('database = ""', 'database = "sqlite:///own.db"'))
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    open_workspace(Path())
    assert (tmp_path / "own.db").is_file()
