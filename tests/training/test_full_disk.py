"""A disk that fills while training: our error names the file, and the run goes on once there is room."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recto.datasets.loading import load_dataset
from recto.engines.model_folder import open_model
from recto.errors import OutputError
from recto.training.checkpoints import Checkpoints
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.state import unpack
from recto.training.ctc.way import CtcWay
from recto.training.train import train

pytestmark = pytest.mark.slow
WAY = CtcWay(CtcRecipe(epochs=3, replay_lines=0, rivals=0, batch_lines=8))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for two checkpoints and no model."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_and_then_room(dataset_writer: Callable[..., Path], tmp_path: Path, disk: Path) -> None:
    data = load_dataset(dataset_writer(tmp_path / "data", {"train": 2, "val": 1}, lines_per_page=4))
    with pytest.raises(OutputError, match="No space left"):
        train(data, disk / "run", WAY)
    state = Checkpoints(disk / "run" / "checkpoints").newest()
    assert state is not None
    assert unpack(state).epochs
    assert "aren't kept" in (disk / "run" / "log.jsonl").read_text()
    assert not list(disk.rglob("*.part"))

    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
    done = train(data, disk / "run", WAY, start="resume")
    undisturbed = train(data, tmp_path / "undisturbed", WAY)
    assert open_model(done.model).card.files == open_model(undisturbed.model).card.files


def test_a_limit_on_the_size_of_files(dataset_writer: Callable[..., Path], tmp_path: Path) -> None:
    """As a quota would: nothing over 2 MB can be written, so the first checkpoint can't."""
    data = dataset_writer(tmp_path / "data", {"train": 2, "val": 1}, lines_per_page=4)
    program = "from recto.cli import main; main()"
    command = [sys.executable, "-c", program, "train", str(data), "--out", str(tmp_path / "run")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)),
    )
    assert done.returncode == 2
    assert "state-0000: can't be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert Checkpoints(tmp_path / "run" / "checkpoints").newest() is None
