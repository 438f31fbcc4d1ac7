"""Benchmarks whose promises are about a GPU: what can be seen without one is that they run, in small."""

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
FEW = ("--size", "tiny", "--device", "cpu", "--tokens", "8")


@pytest.fixture(scope="module")
def cell() -> ModuleType:
    """`train_vlm_cell.py`, which other programs run by its path."""
    spec = importlib.util.spec_from_file_location("train_vlm_cell", BENCHMARKS / "train_vlm_cell.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look for their types
    spec.loader.exec_module(module)
    return module


def test_every_way_of_training_has_a_recipe(cell: ModuleType) -> None:
    job = cell.Job(
        who="", weights="w", method="qlora", preset="attention", mode="gundam", batch=4, steps=2, epochs=1,
        tokens=8, rate=0.01, device="cpu", dtype="auto", checkpointing=True,
    )  # fmt: skip
    recipes = {who: cell.recipe_of(replace(job, who=who)) for who in cell.WAYS}
    assert all((one.mode, one.batch_pages, one.dropout) == ("gundam", 4, 0.0) for one in recipes.values())
    changed = {who for who, one in recipes.items() if one != recipes["ours"]}
    assert changed == {"ours-padded", "ours-seeing", "ours-compiled"}


def ran(program: str, *options: str) -> str:
    """What the program printed; it ended well."""
    command = [sys.executable, str(BENCHMARKS / program), *FEW, *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout


def rows(printed: str) -> dict[str, list[str]]:
    """The table's rows by their first cell."""
    table = [line.strip("|").split("|") for line in printed.splitlines() if line.startswith("|")]
    return {first.strip(): [cell.strip() for cell in others] for first, *others in table}


@pytest.mark.slow
def test_training_is_measured() -> None:
    cell = ("--method", "lora", "--mode", "base", "--batch", "1", "--steps", "1", "--epochs", "2")
    found = rows(ran("train_vlm.py", *cell, "--who", "plain", "ours", "unsloth"))
    assert "unsloth" in found["unsloth"][3]  # which isn't here: a row, and no fault
    plain, ours = (float(found[who][6].replace(",", "")) for who in ("plain", "ours"))
    assert plain > 0 and ours > 0  # tokens a second
    assert found["ours"][10].split(" → ")[0] == found["plain"][10].split(" → ")[0]  # the first loss


@pytest.mark.slow
def test_reading_is_measured() -> None:
    found = rows(ran("read_vlm.py", "--batch", "2", "--pages", "2", "--rounds", "1"))
    assert found["plain"][0] == "1" and found["ours"][0] == "2"
    assert all(float(found[who][1]) > 0 for who in ("plain", "ours"))  # pages a second
