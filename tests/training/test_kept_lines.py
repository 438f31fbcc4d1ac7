"""Prepared lines come back as they were, or not at all."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from recto.training.ctc.kept_lines import keep_lines, kept_lines
from recto.training.ctc.prepare import Prepared


def test_lines_come_back_as_they_were(prepared: Prepared, tmp_path: Path) -> None:
    assert keep_lines(tmp_path / "kept", "key", prepared) == ""
    found = kept_lines(tmp_path / "kept", "key")
    assert found is not None
    for one, other in ((prepared.train, found.train), (prepared.val, found.val)):
        assert (one.lines.labels, one.lines.case_blind) == (other.lines.labels, other.lines.case_blind)
        assert (one.left_out, one.unwritable, one.aligned) == (
            other.left_out,
            other.unwritable,
            other.aligned,
        )
    before = (*prepared.train.lines.buckets, *prepared.val.lines.buckets, *prepared.replay.buckets)
    after = (*found.train.lines.buckets, *found.val.lines.buckets, *found.replay.buckets)
    for bucket, again in zip(before, after, strict=True):
        assert bucket.lines == again.lines
        assert torch.equal(bucket.features, again.features)
    assert all(np.array_equal(a, b) for a, b in zip(prepared.probe, found.probe, strict=True))


def test_lines_of_another_key_are_others(prepared: Prepared, tmp_path: Path) -> None:
    keep_lines(tmp_path / "kept", "key", prepared)
    assert kept_lines(tmp_path / "kept", "other") is None
    assert kept_lines(tmp_path / "nowhere", "key") is None


@pytest.mark.parametrize("damage", ["cut", "flip", "gone", "index"])
def test_what_isn_t_whole_isn_t_used(prepared: Prepared, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "kept"
    keep_lines(folder, "key", prepared)
    path = sorted(folder.glob("*.npy"))[1]
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[:-10])
    elif damage == "flip":
        data[-1] ^= 1
        path.write_bytes(data)
    elif damage == "gone":
        path.unlink()
    else:
        (folder / "lines.json").write_text(json.dumps({"key": "key"}))
    assert kept_lines(folder, "key") is None


def test_too_little_room_is_said(prepared: Prepared, tmp_path: Path) -> None:
    assert "are wanted, 5 are free" in keep_lines(tmp_path / "kept", "key", prepared, lambda folder: 5.0)
    assert not (tmp_path / "kept").exists()
