"""The loop: what it takes up, what it survives, and how it stops. Jobs run in real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest
from sqlalchemy import select

from recto.datasets.example import Example
from recto.errors import OutputError, WorkspaceBusy, WorkspaceError
from recto.retraining import ledger
from recto.retraining.apart import Stopped, run_apart
from recto.retraining.history import read_history
from recto.retraining.inbox import Inbox
from recto.retraining.ledger import Wish
from recto.retraining.watch import LOOP_LOCK, Pauses, Watch
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.tables import DocumentRow

Page = Callable[..., Example]
Add = Callable[..., None]
LOOP = (sys.executable, "-c", "from recto.cli import main; main()", "loop")


def say(words: str) -> str:
    return f"it said {words}"


def fail(words: str) -> str:
    raise OutputError(words, hint="so it goes")


def fill_the_disk() -> str:
    raise OSError(28, "No space left on device", "runs/0001")


def die() -> str:
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def sleep_long() -> str:
    time.sleep(600)
    return ""


def test_a_job_answers_from_a_process_of_its_own() -> None:
    assert run_apart(Event(), say, "hello") == "it said hello"


@pytest.mark.parametrize(
    ("job", "args", "kind", "message"),
    [
        (fail, ("no luck",), OutputError, "no luck\n  hint: so it goes"),
        (fill_the_disk, (), OutputError, "No space left on device"),
        (die, (), WorkspaceError, r"exit code -9"),
    ],
)
def test_what_goes_wrong_there_is_raised_here(
    job: Callable[..., str], args: tuple[str, ...], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        run_apart(Event(), job, *args)


def test_a_job_is_stopped() -> None:
    stop = Event()
    Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        run_apart(stop, sleep_long)


def test_pauses_grow_and_end() -> None:
    at = [100.0]
    pauses = Pauses(clock=lambda: at[0])
    assert not pauses.is_pausing("general")
    assert [pauses.failed("general", 60) for _ in range(8)] == [120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert pauses.is_pausing("general") and not pauses.is_pausing("legal")
    at[0] += 3600
    assert not pauses.is_pausing("general")
    pauses.succeeded("general")
    assert pauses.failed("general", 60) == 120


def test_the_inbox_tells_what_is_new_and_changed(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    assert not inbox.news()
    (tmp_path / "a.png").write_bytes(b"1")
    (tmp_path / ".hidden.png").write_bytes(b"1")
    (tmp_path / "b.png.part").write_bytes(b"1")
    news = inbox.news()
    assert (news.documents, news.labels) == ((tmp_path / "a.png",), False)
    assert not inbox.news()
    (tmp_path / "a.png").write_bytes(b"123")
    assert inbox.news().documents == (tmp_path / "a.png",)
    (tmp_path / "a.txt").write_text("the text beside it")
    assert inbox.news().labels
    inbox.forget()
    assert inbox.news()


def test_a_missing_inbox_is_told_and_the_loop_goes_on(workspace: Workspace, tmp_path: Path) -> None:
    lines: list[str] = []
    assert not Watch(workspace.path, lines.append, inbox=Inbox(tmp_path / "nowhere")).run(once=True)
    assert any("there is no such folder" in line for line in lines)


def test_nothing_to_do(workspace: Workspace) -> None:
    lines: list[str] = []
    assert Watch(workspace.path, lines.append).run(once=True)
    assert lines == [f"watching {workspace.path}"]


def test_the_inbox_is_added_and_read(workspace: Workspace, page: Page, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    source = page(1, None).source
    assert isinstance(source, bytes)
    (inbox / "receipt_1.png").write_bytes(source)
    lines: list[str] = []
    assert Watch(workspace.path, lines.append, inbox=Inbox(inbox)).run(once=True)
    assert any("1 to be read" in line for line in lines)
    assert any("1 queued documents read" in line for line in lines)
    with workspace.read() as session:
        row = session.scalars(select(DocumentRow)).one()
    assert (row.name, row.state) == ("receipt_1.png", "queued")
    assert row.reading is not None


def test_a_request_is_taken_up_and_a_failure_survived(workspace: Workspace, page: Page, add: Add) -> None:
    """There is nothing to measure on: the Cycle fails with that as its reason, and the loop lives."""
    add(workspace, page(1, "a", split="train"))
    ledger.ask_for_cycle(workspace, "general", "a person asked")
    lines: list[str] = []
    at = [0.0]
    watch = Watch(workspace.path, lines.append, pauses=Pauses(clock=lambda: at[0]), every_s=1)
    assert not watch.run(once=True)
    cycle = read_history(workspace).cycles[0]
    assert cycle.state == "failed" and cycle.outcome and "to measure on" in cycle.outcome
    assert cycle.reasons == ["asked for: a person asked"]
    assert any("the Cycle failed; it pauses for 2 s" in line for line in lines)
    assert watch.run(once=True) and len(read_history(workspace).cycles) == 1, "the request waits for that"
    at[0] = 3.0
    assert not watch.run(once=True)
    assert [cycle.reasons for cycle in read_history(workspace).cycles] == [cycle.reasons] * 2


def test_a_request_that_can_t_be_fulfilled_is_answered_by_failing(
    workspace: Workspace, page: Page, add: Add
) -> None:
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test"))
    ledger.ask_for_cycle(workspace, "general", "from another recto", Wish({"replay_force": 3}))
    watch = Watch(workspace.path, lambda line: None, pauses=Pauses(clock=lambda: 0.0))
    assert not watch.run(once=True)
    ledger.ask_for_cycle(workspace, "general", "please")
    assert watch.run(once=True)
    assert [cycle.state for cycle in read_history(workspace).cycles] == ["failed", "refused"]


def test_requests_that_want_different_things_are_answered_one_by_one(
    workspace: Workspace, page: Page, add: Add
) -> None:
    """Both are refused at once for want of test documents; by then each is known by its recipe."""
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test"))
    for wish in (Wish({"epochs": 1}), Wish({"epochs": 2}), Wish({"epochs": 1})):
        ledger.ask_for_cycle(workspace, "general", "please", wish)
    watch = Watch(workspace.path, lambda line: None)
    assert watch.look() and watch.look() and watch.look()
    cycles = read_history(workspace).cycles
    assert [(cycle.recipe["epochs"], len(cycle.reasons)) for cycle in cycles] == [(1, 2), (2, 1)]
    assert cycles[0].reasons[0] == "asked for: please, with epochs 1"


def test_a_failed_cycle_pauses_its_scope(workspace: Workspace, page: Page, add: Add) -> None:
    """What a Trigger wants fails (the blob is gone); it isn't tried again before the pause is over."""
    add(workspace, *(page(n, "a", split="train") for n in range(10)))
    add(workspace, *(page(n, "b", split="test") for n in range(10, 15)))
    for blob in workspace.blobs.glob("??/*"):
        blob.unlink()
    toml = workspace.path / "recto.toml"
    toml.write_text(toml.read_text() + "[gates]\nmin_test_documents = 1\n")
    at = [0.0]
    watch = Watch(workspace.path, lambda line: None, pauses=Pauses(clock=lambda: at[0]), every_s=1)
    assert not watch.run(once=True)
    assert watch.run(once=True)
    assert len(read_history(workspace).cycles) == 1
    at[0] = 10.0
    assert not watch.run(once=True)
    assert [cycle.state for cycle in read_history(workspace).cycles] == ["failed", "failed"]


def test_what_a_kill_left_is_marked_and_its_request_waits_for_the_pause(workspace: Workspace) -> None:
    ledger.ask_for_cycle(workspace, "general", "a person asked")
    left = ledger.begin(workspace, "general", ["asked by hand"])
    watch = Watch(workspace.path, lambda line: None, pauses=Pauses(clock=lambda: 0.0))
    with held(workspace.path / ledger.TRAIN_LOCK, what="a Cycle"):
        watch.look()
        assert read_history(workspace).cycles[0].state == "running"
    with workspace.read() as session:
        assert not ledger.open_requests(session, "general")
    watch.look()
    assert [(row.cycle, row.state) for row in read_history(workspace).cycles] == [
        (left, "interrupted"),
        (left + 1, "failed"),
    ]


def test_only_one_loop_watches(workspace: Workspace) -> None:
    with held(workspace.path / LOOP_LOCK, what="the loop"), pytest.raises(WorkspaceBusy, match="the loop"):
        Watch(workspace.path, lambda line: None).run(once=True)


def test_wrong_settings_are_told_and_forgiven(workspace: Workspace) -> None:
    good = (workspace.path / "recto.toml").read_text()
    lines: list[str] = []
    watch = Watch(workspace.path, lines.append)
    (workspace.path / "recto.toml").write_text("[triggers]\nnew_document = 3\n")
    assert not watch.look()
    assert any("new_document" in line for line in lines)
    (workspace.path / "recto.toml").write_text(good)
    assert watch.look()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_loop_in_peace(workspace: Workspace, name: str) -> None:
    command = (*LOOP, "--every", "60", "--workspace", str(workspace.path))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "watching" in process.stdout.readline()
        process.send_signal(getattr(signal, name))
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert out.endswith("stopped\n")


def test_help_names_the_flags() -> None:
    done = subprocess.run((*LOOP, "--help"), capture_output=True, text=True, check=True)
    assert all(flag in done.stdout for flag in ("--once", "--every", "--inbox"))
    assert json.dumps(done.stderr) == '""'


@pytest.mark.slow
def test_the_loop_runs_a_cycle_that_is_due(shop: Callable[..., Workspace], tmp_path: Path) -> None:
    """The first run is due; it trains in another process, and a Release comes of it."""
    workspace = shop(
        tmp_path / "shop", {"train": 4, "val": 2, "test": 5}, triggers={"first_run_documents": "4"}
    )
    lines: list[str] = []
    watch = Watch(workspace.path, lines.append)
    assert watch.run(once=True), lines
    cycle = read_history(workspace).cycles[0]
    assert (cycle.state, cycle.release) == ("released", 1), cycle.outcome
    assert cycle.reasons[0].startswith("first_run: no run yet, 4 documents to train on")
    assert any("release 1 is current" in line for line in lines)
    assert watch.run(once=True)
    assert len(read_history(workspace).cycles) == 1, "nothing is due right after a run"
