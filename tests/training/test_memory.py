"""Out of memory, for real: a child process under a limit halves its batches and learns the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recto.errors import TrainingError
from recto.training.memory import enough_memory, is_out_of_memory

CHILD = Path(__file__).with_name("starved.py")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS limits a process on Linux")


def starved(spare_mb: int, batch_lines: int) -> dict[str, object]:
    command = [sys.executable, str(CHILD), str(spare_mb), str(batch_lines)]
    # Of one heap: a thread that comes late would reserve 128 MB for its own.
    one_heap = os.environ | {"MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=one_heap)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def told(done: dict[str, object], what: str) -> list[str]:
    said = done["said"]
    assert isinstance(said, list)
    return [row for row in said if row.startswith(what)]


@only_linux
def test_smaller_pieces_learn_the_same() -> None:
    rich, poor = starved(0, 128), {}
    for _ in range(4):  # where a heap under a limit still has holes is luck: one in thirty times too few
        poor = starved(330, 128)
        if "error" not in poor:
            break
    assert "error" not in poor, poor
    assert rich["pieces"] == 1
    assert isinstance(poor["pieces"], int)
    assert poor["pieces"] >= 2
    assert "64 lines at once now, 2 times a step; going on after epoch" in told(poor, "memory ran out")[0]
    assert told(poor, "epoch") == told(rich, "epoch")
    assert poor["sum"] == pytest.approx(rich["sum"], rel=1e-6)


@only_linux
def test_too_little_for_anything_is_our_error() -> None:
    done = starved(60, 64)
    assert str(done["error"]).startswith("memory ran out")
    assert "max_train_lines" in str(done["error"])


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error: Exception, is_it: bool) -> None:
    assert is_out_of_memory(error) is is_it


def test_where_nothing_can_be_made_smaller() -> None:
    with pytest.raises(TrainingError, match="memory ran out"), enough_memory("a lower max_train_lines"):
        raise MemoryError
    with pytest.raises(RuntimeError, match="shapes"), enough_memory("a lower max_train_lines"):
        raise RuntimeError("shapes differ")
