"""Two processes that torchrun starts learn what one learns: the same steps, whoever computes which pages."""

import json
import os
import re
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
LITTLE_SPACE = """
import os, resource
if os.environ["RANK"] == "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
"""
FAILING = """
import os, sys
from pathlib import Path
import torch
from recto.errors import TrainingError
from recto.training import ranks
from recto.training.lora.together import Together

ranks.agreed(goes_on=True)
together = Together()
said = "all went well"
try:
    with together.to_the_end():
        assert together.told("first" if together.leads else "second") == "first"
        with together.in_memory():
            gradient = torch.full((2,), together.rank + 1.0)
        together.add_up([gradient])
        assert gradient.tolist() == [3.0, 3.0]
        if together.rank == int(sys.argv[1]):
            raise ValueError("the page fell")
        together.add_up([gradient])
except (ValueError, TrainingError) as error:
    said = f"{type(error).__name__}: {error}"
    raise
finally:
    (Path(__file__).parent / os.environ["RANK"]).write_text(said)
"""
NARROW = """
import os, sys
import torch
from recto.training.lora.{module} import {kind}

plain, calls = {kind}.{method}, []

def narrow(self, *arguments):
    calls.append(self)
    if len(calls) == {call}:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    return plain(self, *arguments)

if os.environ["RANK"] == "1":
    {kind}.{method} = narrow
from recto.cli import main
main()
"""
TIMEOUT_S = 600
PAGES = 32
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
    assert together.leads
    with pytest.raises(ValueError, match="as it is"), together.to_the_end():
        raise ValueError("as it is")
    with pytest.raises(MemoryError), together.in_memory():
        raise MemoryError


def torchrun(root: Path, program: str, processes: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The program, started so many times by torchrun."""
    (root / "program.py").write_text(program)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), str(root / "program.py"), *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment
    )


def prepared(root: Path, weights: StoredModel, pages: int) -> None:
    write_lines(root / "data", {"train": pages, "val": 2})
    (root / "recipe.yaml").write_text(RECIPE.format(model=weights.path))


def words(root: Path, out: str) -> tuple[str, ...]:
    """The words of `recto train`."""
    return ("train", str(root / "data"), "--out", str(root / out), "--recipe", str(root / "recipe.yaml"))


def trained(root: Path, processes: int) -> Path:
    """`recto train`, started by torchrun."""
    out = root / f"run{processes}"
    done = torchrun(root, PROGRAM, processes, *words(root, out.name))
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count(f"model   {out / 'model'}") == 1  # the others say nothing
    return out


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if row["event"] == "epoch"]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tiny_weights: StoredModel, tmp_path: Path) -> None:
    """With as many pages as a Run is estimated from, which the first process does alone."""
    prepared(tmp_path, tiny_weights, PAGES)
    one, two = trained(tmp_path, 1), trained(tmp_path, 2)
    assert (two / "estimate.json").exists()
    assert losses(two) == pytest.approx(losses(one), rel=1e-5)
    weights = [load_file(open_model(run / "model", engine="vlm").file(ADAPTER_WEIGHTS)) for run in (one, two)]
    assert max(float(value.abs().max()) for value in weights[0].values()) > 0
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="files are limited as POSIX does it")
def test_a_disk_that_is_full_ends_all(tiny_weights: StoredModel, tmp_path: Path) -> None:
    """Only the first process writes; the second would wait for it for a day. Space made, both go on."""
    prepared(tmp_path, tiny_weights, 4)
    done = torchrun(tmp_path, LITTLE_SPACE + PROGRAM, 2, *words(tmp_path, "run"))
    assert done.returncode != 0
    assert re.search(r"error: \S+state-0000: can't be written: File too large", done.stderr)
    assert re.search(r"error: process 1 of 2 failed: \S+state-0000: can't be written", done.stderr)
    again = torchrun(tmp_path, PROGRAM, 2, *words(tmp_path, "run"), "--resume")
    assert again.returncode == 0, again.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize("fails", [0, 1])
def test_an_error_in_one_ends_all(tmp_path: Path, fails: int) -> None:
    """Wherever the others wait just then: at the end, for a number, for a sum."""
    done = torchrun(tmp_path, FAILING, 2, str(fails))
    assert done.returncode != 0
    told = {name: (tmp_path / name).read_text() for name in ("0", "1")}
    assert told[str(fails)] == "ValueError: the page fell"
    other = f"TrainingError: process {fails + 1} of 2 failed: the page fell"
    assert told[str(1 - fails)].startswith(other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "kind", "method", "call"),
    [
        ("masters", "Masters", "take_gradients", 2),
        ("masters", "Masters", "give", 2),
        ("pupil", "Pupil", "weights", 1),
        ("course", "Course", "state", 1),
    ],
)
def test_memory_that_runs_out_in_one_halves_all(
    tiny_weights: StoredModel, tmp_path: Path, module: str, kind: str, method: str, call: int
) -> None:
    """Amidst a step of the optimiser, or where weights are kept: the second process alone has no memory."""
    prepared(tmp_path, tiny_weights, 4)
    program = NARROW.format(module=module, kind=kind, method=method, call=call)
    done = torchrun(tmp_path, program, 2, *words(tmp_path, "run"))
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    told = [row["text"] for row in rows if row["event"] == "remark" and "memory ran out" in row["text"]]
    assert len(told) == 1 and told[0].startswith("memory ran out: 1 page at once now, 4 times a step")
