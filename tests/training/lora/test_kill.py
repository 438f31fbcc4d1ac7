"""`recto train` with a vision-language model, killed with SIGKILL at random moments and gone on with."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel
from recto.engines.vlm.adapters import ADAPTER_WEIGHTS

from .conftest import write_lines

KILLS = 2 if os.environ.get("RECTO_SHORT_PROOFS") else 8
TIMEOUT_S = 900
RECIPE = """
kind: lora
model: {model}
preset: language
rank: 8
dropout: 0.1
batch_pages: 2
accumulation: 1
epochs: 3
learning_rate: 0.005
checkpoint_every_steps: 1
max_new_tokens: 8
patience: 9
trackers: []
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")]


def start(data: Path, out: Path, log: Path) -> "subprocess.Popen[bytes]":
    program = "from recto.cli import main; main()"
    command = [sys.executable, "-c", program, "train", str(data), "--out", str(out)]
    command += ["--recipe", str(data / "recipe.yaml"), "--resume"]
    with log.open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream)


def finish(process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.wait(timeout=TIMEOUT_S) == 0, log.read_text()


def weights_of(run: Path) -> str:
    return open_model(run / "model", engine="vlm").card.files[ADAPTER_WEIGHTS].sha256


def epochs_of(run: Path) -> list[tuple[int, float, float]]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [(row["number"], row["loss"], row["score"]["cer"]) for row in rows if row["event"] == "epoch"]


def test_killed_at_random_moments(tiny_weights: StoredModel, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "data", {"train": 4, "val": 1})
    (data / "recipe.yaml").write_text(RECIPE.format(model=tiny_weights.path))
    log, run = tmp_path / "log", tmp_path / "run"
    began = time.monotonic()
    finish(start(data, tmp_path / "undisturbed", log), log)
    took_s = time.monotonic() - began

    rng, kills = random.Random(5), 0
    while kills < KILLS:
        process = start(data, run, log)
        try:
            process.wait(timeout=rng.uniform(0.3, 1.0) * took_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        kills += 1
        if (run / "model").exists():
            open_model(run / "model", engine="vlm")
    finish(start(data, run, log), log)

    assert weights_of(run) == weights_of(tmp_path / "undisturbed")
    assert epochs_of(run) == epochs_of(tmp_path / "undisturbed")
    assert not (run / "checkpoints").exists()
    assert not [path for path in run.rglob("*") if "part" in path.name]
