"""Two processes that `torchrun` starts learn what one does: the batch of a recipe is that of both."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel

from .conftest import write_lines

pytestmark = pytest.mark.slow

RECIPE = """
kind: lora
model: {model}
preset: language
rank: 8
dropout: 0.0
batch_pages: 2
accumulation: 2
epochs: 2
learning_rate: 0.005
max_new_tokens: 8
patience: 9
trackers: []
"""
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def losses(data: Path, out: Path, *, processes: int) -> list[float]:
    program = out.with_suffix(".py")
    program.write_text("from recto.cli import main\n\nmain()\n")
    command = [sys.executable, *(TORCHRUN if processes > 1 else []), str(program), "train", str(data)]
    command += ["--out", str(out), "--recipe", str(data / "recipe.yaml")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    open_model(out / "model", engine="vlm")
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if row["event"] == "epoch" and row["number"]]


def test_two_processes_learn_what_one_does(tiny_weights: StoredModel, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "data", {"train": 8, "val": 1})
    (data / "recipe.yaml").write_text(RECIPE.format(model=tiny_weights.path))
    alone = losses(data, tmp_path / "alone", processes=1)
    together = losses(data, tmp_path / "together", processes=2)
    assert len(alone) == len(together) == 2
    assert together == pytest.approx(alone, rel=1e-3)
    assert alone[1] < alone[0]
