"""Two processes that torchrun starts learn what one learns: the same steps, whoever computes which pages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel
from recto.engines.vlm.adapters import ADAPTER_WEIGHTS
from recto.engines.vlm.packages import load_file
from recto.training.lora.together import Together

from .conftest import write_lines

PROGRAM = "from recto.cli import main; main()\n"
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


def test_alone_nothing_is_exchanged() -> None:
    together, gradient = Together(alone=True), torch.tensor([1.0, 2.0])
    together.add_up([gradient])
    assert gradient.tolist() == [1.0, 2.0]
    assert together.gathered("mine") == ["mine"]
    assert together.told("mine") == "mine"
    assert together.leads and together.all_well(well=True) and not together.all_well(well=False)


def trained(root: Path, processes: int) -> Path:
    """`recto train`, started by torchrun."""
    program, out = root / "train.py", root / f"run{processes}"
    program.write_text(PROGRAM)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(processes),
    ]
    command += [str(program), "train", str(root / "data"), "--out", str(out)]
    command += ["--recipe", str(root / "recipe.yaml")]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count(f"model   {out / 'model'}") == 1  # the others say nothing
    return out


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if row["event"] == "epoch"]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tiny_weights: StoredModel, tmp_path: Path) -> None:
    write_lines(tmp_path / "data", {"train": 7, "val": 2})
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(model=tiny_weights.path))
    one, two = trained(tmp_path, 1), trained(tmp_path, 2)
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    weights = [load_file(open_model(run / "model", engine="vlm").file(ADAPTER_WEIGHTS)) for run in (one, two)]
    assert max(float(value.abs().max()) for value in weights[0].values()) > 0
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)
