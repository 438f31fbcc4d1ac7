"""Queues for real: SQLite, a Redis server, a PostgreSQL server. Jobs go through them, and outlive them."""

import logging
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from recto.errors import MissingPackage, RectoError, ServingError, SettingsError
from recto.serving.jobs import store
from recto.serving.jobs.waiting_place import open_place
from recto.serving.service import Service
from recto.settings import Settings
from recto.workspace.folder import Workspace, create_workspace, open_workspace

from ...conftest import Make
from ...servers import PostgreSQL, Program, free_port
from ..conftest import Reciting, Served, serving, settings_with
from ..engines import LIMIT_S, GatedEngine
from ..stepping import Steps, lose, process, wait_until

SERVERS = ("redis", "postgresql")


@pytest.fixture(params=("", *SERVERS))
def queue(request: pytest.FixtureRequest) -> str:
    """The setting `queue`: in the workspace, or at a server."""
    return url_of(request)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Program]]:
    """The setting `queue`, and the server there, which runs again after the test."""
    url = url_of(request)
    name = "redis_server" if request.param == "redis" else "postgresql_server"
    program: Program = request.getfixturevalue(name)
    yield url, program
    program.stop()
    program.start()


def url_of(request: pytest.FixtureRequest) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis_server").url)
    return str(request.getfixturevalue("postgresql")) if request.param else ""


@pytest.fixture
def workspace(tmp_path: Path, queue: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace that names the queue; a PostgreSQL server has its tables as well."""
    if queue.startswith("postgresql"):
        monkeypatch.setenv("RECTO_DATABASE", queue)
    created = create_workspace(tmp_path / "work")
    created.sessions.kw["bind"].dispose()
    toml = created.path / "recto.toml"
    toml.write_text(toml.read_text().replace('queue = ""', f'queue = "{queue}"'))
    opened = open_workspace(created.path)
    assert opened.settings.jobs.queue == queue
    yield opened
    opened.sessions.kw["bind"].dispose()


def settings_at(queue: str) -> Settings:
    return settings_with(jobs={"queue": queue, "workers": 1})


def add(served: Served, document: bytes) -> str:
    answer = served.client.post("/v1/jobs", files={"file": ("a.pdf", document)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def state_of(served: Served, job_id: str) -> str:
    return str(served.client.get(f"/v1/jobs/{job_id}").json()["state"])


def test_a_job_is_worked_off(workspace: Workspace, queue: str, make_pdf: Make) -> None:
    with serving(Service(settings_at(queue), workspace, lambda _: Reciting())) as served:
        jobs = [add(served, make_pdf(2)) for _ in range(3)]
        wait_until(lambda: all(state_of(served, job_id) == "done" for job_id in jobs))
    place = open_place(queue, workspace.path)
    assert place.storage.queue_size() == 0
    place.close()


def test_two_services_share_the_jobs(workspace: Workspace, queue: str, make_pdf: Make) -> None:
    engines = [GatedEngine(), GatedEngine()]
    with ExitStack() as stack:
        both = []
        for engine in engines:
            opened = open_workspace(workspace.path)
            stack.callback(opened.sessions.kw["bind"].dispose)
            service = Service(settings_at(queue), opened, lambda _, engine=engine: engine)  # type: ignore[misc]
            both.append(stack.enter_context(serving(service)))
            engine.gate.clear()
            while engine._entered.acquire(blocking=False):
                pass  # its warm-up
        jobs = [add(both[0], make_pdf(1)) for _ in range(2)]
        for engine in engines:
            stack.callback(engine.gate.set)
            assert engine._entered.acquire(timeout=LIMIT_S)
        for engine in engines:
            engine.gate.set()
        wait_until(lambda: all(state_of(both[1], job_id) == "done" for job_id in jobs))


def test_a_killed_service_leaves_its_job_to_the_other(
    workspace: Workspace, tmp_path: Path, make_pdf: Make
) -> None:
    steps = [Steps(tmp_path / name) for name in ("one", "two")]
    for one in steps:
        one.allow(3)
    with process(workspace, steps[0]) as first, process(workspace, steps[1]) as second:
        job_id = first[1].post("/v1/jobs", files={"file": ("a.pdf", make_pdf(6))}).json()["id"]
        wait_until(lambda: store.job_of(workspace, job_id).pages_read == 3)
        reads, other = (0, 1) if steps[0].read() else (1, 0)
        killed, client = (first, second)[reads][0], (first, second)[other][1]
        killed.send_signal(signal.SIGKILL)
        killed.wait(LIMIT_S)
        lose(workspace, job_id)
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["pages_read"] == 6)
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        pages = client.get(f"/v1/jobs/{job_id}/pages").json()["pages"]
    assert [page["transcript"]["text"] for page in pages] == [f"a.pdf page {n}" for n in range(1, 7)]
    assert steps[reads].read()[:3] == ["a.pdf 1", "a.pdf 2", "a.pdf 3"]
    assert steps[other].read() == ["a.pdf 4", "a.pdf 5", "a.pdf 6"]


def test_a_server_that_stops_and_comes_back_loses_no_job(
    tmp_path: Path, server: tuple[str, Program], make_pdf: Make, caplog: pytest.LogCaptureFixture
) -> None:
    queue, program = server
    own = create_workspace(tmp_path / "own")
    engine = GatedEngine()
    with caplog.at_level(logging.INFO), serving(Service(settings_at(queue), own, lambda _: engine)) as served:
        engine.gate.clear()
        running = add(served, make_pdf(1))
        wait_until(lambda: state_of(served, running) == "running")
        lost = add(served, make_pdf(1))  # its id waits in the server's memory
        program.stop()
        late = add(served, make_pdf(1))
        engine.gate.set()
        wait_until(lambda: state_of(served, running) == "done")
        wait_until(lambda: "the queue of jobs can't be reached" in caplog.messages)
        program.start()
        wait_until(lambda: [state_of(served, job_id) for job_id in (lost, late)] == ["done", "done"])
        wait_until(lambda: "the queue of jobs is there again" in caplog.messages)
        assert served.client.post("/v1/read", files={"file": ("a.pdf", make_pdf(1))}).status_code == 200


def test_a_server_that_says_nothing_holds_up_neither_requests_nor_jobs_nor_the_end(
    tmp_path: Path, server: tuple[str, Program], make_pdf: Make
) -> None:
    queue, program = server
    own = create_workspace(tmp_path / "own")
    service = Service(settings_at(queue), own, lambda _: Reciting())
    with ExitStack() as hanging, serving(service) as served:  # it still hangs when the service ends
        hanging.enter_context(program.hanging())
        jobs = [add(served, make_pdf(1)) for _ in range(40)]  # more than there are threads
        assert served.client.post("/v1/read", files={"file": ("a.pdf", make_pdf(1))}).status_code == 200
        wait_until(lambda: all(state_of(served, job_id) == "done" for job_id in jobs))


def test_services_that_start_at_once_make_the_tables_once(
    postgresql_server: PostgreSQL, tmp_path: Path
) -> None:
    gate = threading.Barrier(8)

    def one(url: str) -> None:
        gate.wait()
        open_place(url, tmp_path).close()

    for _ in range(5):
        url = postgresql_server.database()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, [url] * 8))


@pytest.mark.parametrize("scheme", ["redis", "postgresql+psycopg"])
def test_a_server_that_is_not_there_is_our_error_without_the_password(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"can't be reached: .*\n.*the server runs") as caught:
        open_place(f"{scheme}://someone:secret@127.0.0.1:{free_port()}/0", tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://h", "no queue can be at amqp:"),
        ("postgresql+psycopg2://h", "no queue can be at"),
        ("redis://h:secret", "no URL of a queue"),
        ("postgresql://u:secret@[h", "no URL of a queue"),
    ],
)
def test_bad_urls(url: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        open_place(url, tmp_path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("driver", "extra"), [("redis", "redis"), ("psycopg", "postgresql")])
def test_a_driver_that_is_not_installed_is_named_by_its_extra(
    driver: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(MissingPackage, match=rf"recto\[{extra}\]"):
        open_place(f"{extra}://127.0.0.1:1/0", tmp_path)


def test_a_file_that_is_no_queue_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"not a database at all" * 300)
    with pytest.raises(RectoError, match="can't be used"):
        open_place("", tmp_path)
