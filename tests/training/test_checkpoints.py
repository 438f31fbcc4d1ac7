"""Checkpoints: at any moment one is good."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.errors import OutputError
from recto.training.checkpoints import Checkpoints


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    assert checkpoints.newest() is None
    for number in range(4):
        checkpoints.save(number, bytes([number]) * 100)
    assert checkpoints.newest() == bytes([3]) * 100
    kept = ["state-0002", "state-0002.sha256", "state-0003", "state-0003.sha256"]
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == kept


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 200])
def test_a_damaged_one_gives_way_to_the_one_before(tmp_path: Path, damage: bytes) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, b"one")
    checkpoints.save(2, b"two")
    (tmp_path / "state-0002").write_bytes(damage)
    assert checkpoints.newest() == b"one"
    checkpoints.save(2, b"two again")
    assert checkpoints.newest() == b"two again"


def test_a_flipped_bit_is_seen(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, b"one")
    data = bytearray((tmp_path / "state-0001").read_bytes())
    data[-1] ^= 1
    (tmp_path / "state-0001").write_bytes(data)
    assert checkpoints.newest() is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_last_good_one(small_disk: Path) -> None:
    checkpoints = Checkpoints(small_disk / "c")
    checkpoints.save(1, b"1" * 1_500_000)
    checkpoints.save(2, b"2" * 1_500_000)
    with pytest.raises(OutputError, match=r"state-0003: can't be written: No space left"):
        checkpoints.save(3, b"3" * 1_500_000)
    assert checkpoints.newest() == b"2" * 1_500_000
    assert not list(small_disk.rglob("*.part"))
