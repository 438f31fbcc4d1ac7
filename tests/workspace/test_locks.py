"""One holder at a time, who is named; the lock of a holder that was killed is free."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from recto.errors import WorkspaceBusy, WorkspaceError
from recto.workspace.locks import held, holder, living_holder

HOLD = """
import sys, time
from pathlib import Path
from recto.workspace.locks import held
sys.argv = ["/usr/bin/recto", "improve", "--scope", "legal"]
with held(Path(sys.stdin.readline().strip()), what="cycle 3"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path: Path) -> "subprocess.Popen[str]":
    """A process that holds tmp_path/train.lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{tmp_path / 'train.lock'}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    lock = tmp_path / "train.lock"
    for _ in range(2):
        with held(lock, what="improve") as crashed:
            assert crashed is None
            assert holder(lock) is not None
        assert holder(lock) is None
    with pytest.raises(KeyError), held(lock, what="improve"):
        raise KeyError
    with held(lock, what="improve") as crashed:
        assert crashed is None


def test_a_living_holder_is_named(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    with pytest.raises(WorkspaceBusy) as caught, held(tmp_path / "train.lock", what="improve"):
        pytest.fail("two hold one lock")
    assert f"held by process {other.pid} on " in caught.value.what
    assert "(recto improve --scope legal: cycle 3), since 20" in caught.value.what
    assert f"kill {other.pid}" in caught.value.hint


def test_the_lock_of_a_killed_holder_is_free_and_tells_whose_it_was(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    other.send_signal(signal.SIGKILL)
    other.wait()
    with held(tmp_path / "train.lock", what="improve") as crashed:
        assert crashed is not None
        assert (crashed.pid, crashed.what) == (other.pid, "cycle 3")
        assert holder(tmp_path / "train.lock").pid == os.getpid()
    with held(tmp_path / "train.lock", what="improve") as crashed:
        assert crashed is None


def test_a_torn_note_of_the_holder_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "train.lock.holder").write_text('{"pid": 1, "ho')
    with held(tmp_path / "train.lock", what="improve") as crashed:
        assert crashed is None


def test_this_process_is_kept_out_too(tmp_path: Path) -> None:
    with (
        held(tmp_path / "train.lock", what="one"),
        pytest.raises(WorkspaceBusy, match=f"process {os.getpid()} "),
        held(tmp_path / "train.lock", what="two"),
    ):
        pytest.fail("two hold one lock")


def test_who_waits_gets_it_when_the_holder_lets_go(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    threading.Timer(0.2, other.kill).start()
    with held(tmp_path / "train.lock", what="adding", wait_s=60) as crashed:
        assert crashed is not None
        assert crashed.pid == other.pid


def test_who_only_looks_keeps_nobody_out(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    """`living_holder` takes the lock of a dead holder for an instant, as here."""
    other.kill()
    other.wait()
    look = FileLock(tmp_path / "train.lock", thread_local=False)
    look.acquire()
    threading.Timer(0.1, look.release).start()
    with held(tmp_path / "train.lock", what="improve") as crashed:
        assert crashed is not None and crashed.pid == other.pid
        assert living_holder(tmp_path / "train.lock") == holder(tmp_path / "train.lock")


def test_a_lock_that_cant_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="can't be locked"), held(tmp_path / "file" / "x.lock", what="y"):
        pytest.fail("no folder there")
