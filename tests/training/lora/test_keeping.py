"""What a Run keeps: the best weights come back as they were written, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from recto.errors import TrainingError
from recto.training.chronicle import Chronicle
from recto.training.lora.keeping import RunKeeper
from recto.training.lora.state import State, Stretch, read_state
from recto.training.progress import Silent
from recto.training.run import Run

WEIGHTS = {"a": torch.arange(1000.0), "b": torch.ones(3, 5)}


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """One bit of a number is another: torch itself reads that without a word."""
    at = data.index(torch.arange(1000.0).numpy().tobytes()) + 2000
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def gone(data: bytes) -> bytes:
    return b""


def state_of(step: int) -> State:
    return State(step, step, (), Stretch(), 1, 0, 0.0, {"weights": WEIGHTS}, ())


def keeper_of(folder: Path, *, resumed: bool) -> RunKeeper:
    run = Run(folder, resumed=resumed)
    return RunKeeper(run, Chronicle(run, Silent(), (), {}))


@pytest.mark.parametrize("damage", [truncated, flipped, gone])
def test_damaged_weights_are_never_the_best(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    keeper_of(tmp_path, resumed=False).keep_best(3, WEIGHTS)
    file = tmp_path / "checkpoints" / "best" / "state-0003"
    again = keeper_of(tmp_path, resumed=True)
    assert all(torch.equal(value, WEIGHTS[name]) for name, value in again.best(3).items())
    again.resumed(state_of(3))
    file.write_bytes(damage(file.read_bytes()))
    for asked in (lambda: again.best(3), lambda: again.resumed(state_of(3))):
        with pytest.raises(TrainingError, match="those after step 3, are damaged or gone") as error:
            asked()
        assert error.value.where == str(file) and "--overwrite" in error.value.hint


def test_what_is_done_to_a_state_doesnt_change_its_file(tmp_path: Path) -> None:
    """Its tensors are the file's own bytes until they are written to."""
    keeper = keeper_of(tmp_path, resumed=False)
    keeper.keep(state_of(3))
    path = keeper.newest()
    assert path is not None
    read_state(path).course["weights"]["a"].zero_()  # type: ignore[index]
    again = read_state(path).course["weights"]
    assert torch.equal(again["a"], WEIGHTS["a"])  # type: ignore[index]
