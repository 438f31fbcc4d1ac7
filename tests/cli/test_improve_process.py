"""`recto improve` and `recto train` as real processes: two at once, and Ctrl-C."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recto.retraining.history import read_history
from recto.workspace.folder import open_workspace

RECTO = (sys.executable, "-c", "from recto.cli import main; main()")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def recto(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RECTO, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_second_improve_names_the_first_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    assert recto("data", "synth", tmp_path / "data", "--count", 8, "--hard").returncode == 0
    assert recto("init", tmp_path / "shop").returncode == 0
    assert recto("add", tmp_path / "data", "--workspace", tmp_path / "shop").returncode == 0
    command = [*RECTO, "improve", "--workspace", str(tmp_path / "shop"), "--epochs", "500", "--test-mode"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as first:
        holder = tmp_path / "shop" / "train.lock.holder"
        while not holder.exists():
            assert first.poll() is None
            time.sleep(0.05)
        second = recto("improve", "--workspace", tmp_path / "shop")
        assert second.returncode == 2
        assert f"held by process {first.pid}" in second.stderr and "a Cycle of scope general" in second.stderr
        shown = json.loads(recto("status", "--json", "--workspace", tmp_path / "shop").stdout)
        assert f"process {first.pid}" in shown["training"]
        first.send_signal(signal.SIGINT)
        _, errors = first.communicate(timeout=120)
    assert first.returncode == 130, errors
    goes_on = f"recto improve --epochs 500 --test-mode --workspace {tmp_path / 'shop'}"
    assert errors.splitlines()[-1] == f"stopped; this goes on: {goes_on}"
    cycles = read_history(open_workspace(tmp_path / "shop")).cycles
    assert [(cycle.state, cycle.outcome) for cycle in cycles] == [("interrupted", "stopped by hand")]


@pytest.mark.parametrize("verb", ["train", "improve"])
def test_ctrl_c_says_what_is_kept_and_how_to_go_on(verb: str, tmp_path: Path) -> None:
    assert recto("data", "synth", tmp_path / "my data", "--count", 8, "--hard").returncode == 0
    out = tmp_path / "run"
    words = [verb, str(tmp_path / "my data"), "--out", str(out)]
    flags = ["--epochs", "500", "--seed", "3"]
    command = [*RECTO, *words, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (out / "environment.json").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    said, goes_on = errors.splitlines()[-1].split("; this goes on: ")
    assert said == f"stopped; what is finished is kept in {out}"
    assert shlex.split(goes_on) == ["recto", *words, "--resume", *flags]
    assert printed == ""
