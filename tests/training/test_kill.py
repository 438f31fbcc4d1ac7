"""`recto train` killed with SIGKILL at random moments and gone on with ends as if nothing had been."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER, open_model
from recto.training.checkpoints import Checkpoints
from recto.training.ctc.state import unpack

KILLS = 4 if os.environ.get("RECTO_SHORT_PROOFS") else 25
RECIPE = "epochs: 3\nreplay_lines: 16\nrivals: 10\nbatch_lines: 8\n"
TIMEOUT_S = 600

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")]


def start(data: Path, out: Path, *, log: Path) -> "subprocess.Popen[bytes]":
    program = "from recto.cli import main; main()"
    command = [sys.executable, "-c", program, "train", str(data), "--out", str(out)]
    command += ["--recipe", str(data / "recipe.yaml"), "--resume"]
    with log.open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream)


def finish(process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.wait(timeout=TIMEOUT_S) == 0, log.read_text()


def weights_of(run: Path) -> str:
    return open_model(run / "model").card.files[RECOGNISER].sha256


def nothing_is_half_written(run: Path) -> None:
    """Every file under its own name is whole, whatever was going on."""
    if (run / "model").exists():
        open_model(run / "model")
    for path in run.glob("*.json"):
        json.loads(path.read_bytes())
    if (state := Checkpoints(run / "checkpoints").newest()) is not None:
        unpack(state)


def test_killed_at_random_moments(dataset_writer: Callable[..., Path], tmp_path: Path) -> None:
    data = dataset_writer(tmp_path / "data", {"train": 3, "val": 1}, lines_per_page=6)
    (data / "recipe.yaml").write_text(RECIPE)
    log = tmp_path / "log"
    began = time.monotonic()
    finish(start(data, tmp_path / "undisturbed", log=log), log)
    took_s = time.monotonic() - began
    wanted = weights_of(tmp_path / "undisturbed")

    rng, kills, finished = random.Random(11), 0, 0
    while kills < KILLS:
        run = tmp_path / f"run{finished}"
        process = start(data, run, log=log)
        try:
            process.wait(timeout=rng.uniform(0, took_s))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            nothing_is_half_written(run) if run.exists() else None
            continue
        finish(process, log)
        finished += 1
    last = tmp_path / f"run{finished}"
    finish(start(data, last, log=log), log)

    for number in range(finished + 1):
        run = tmp_path / f"run{number}"
        assert weights_of(run) == wanted
        assert not [path for path in run.rglob("*") if "part" in path.name]
        assert not (run / "checkpoints").exists()
        assert not (run / "prepared").exists()
        assert epochs_of(run) == epochs_of(tmp_path / "undisturbed")


def epochs_of(run: Path) -> list[tuple[int, float, float]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(row["number"], row["loss"], row["score"]["cer"]) for row in rows if row["event"] == "epoch"]
