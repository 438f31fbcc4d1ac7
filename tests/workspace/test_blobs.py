"""Blobs are whole or absent, kept once, and known by their hash."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recto.errors import DocumentError, DocumentNotFound, OutputError
from recto.workspace.blobs import PARTS, blob_fault, blob_path, put_blob, sweep_parts
from recto.workspace.folder import Workspace, create_workspace

DATA = b"a receipt" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "w")


def files(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.blobs.rglob("*") if path.is_file()]


def test_bytes_and_files_are_kept_once_under_their_hash(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(DATA)
    assert put_blob(workspace, DATA) == put_blob(workspace, tmp_path / "a.png") == SHA
    assert files(workspace) == [blob_path(workspace, SHA)] == [workspace.blobs / SHA[:2] / SHA[2:]]
    assert blob_path(workspace, SHA).read_bytes() == DATA


def test_what_is_there_is_not_written_again(workspace: Workspace, tmp_path: Path) -> None:
    """An inbox puts everything again whenever one text arrives."""
    (tmp_path / "a.png").write_bytes(DATA)
    put_blob(workspace, DATA)
    before = blob_path(workspace, SHA).stat()
    for again in (DATA, tmp_path / "a.png"):
        assert put_blob(workspace, again) == SHA
        after = blob_path(workspace, SHA).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_many_that_put_the_same_at_once(workspace: Workspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: put_blob(workspace, DATA), range(40))) == {SHA}
    assert files(workspace) == [blob_path(workspace, SHA)]


@pytest.mark.parametrize("harmed", [DATA[:10], b"?" + DATA[1:], b""])
def test_a_damaged_blob_is_found_and_put_right(workspace: Workspace, harmed: bytes) -> None:
    put_blob(workspace, DATA)
    assert blob_fault(workspace, SHA) is None
    blob_path(workspace, SHA).write_bytes(harmed)
    assert blob_fault(workspace, SHA) == "was changed"
    put_blob(workspace, DATA)
    assert blob_fault(workspace, SHA) is None


def test_a_blob_that_is_gone_or_cant_be_read(workspace: Workspace) -> None:
    put_blob(workspace, DATA)
    blob_path(workspace, SHA).unlink()
    assert blob_fault(workspace, SHA) == "is missing"
    blob_path(workspace, SHA).mkdir()
    assert blob_fault(workspace, SHA) == "can't be read (Is a directory)"


def test_parts_of_the_dead_are_swept_those_of_the_living_stay(workspace: Workspace) -> None:
    parts = workspace.blobs / PARTS
    parts.mkdir()
    for name in ("old", "new"):
        (parts / f"{name}.part").write_bytes(b"half a rec")
    os.utime(parts / "old.part", (1000, 1000))
    os.utime(parts / "new.part", (9000, 9000))
    assert sweep_parts(workspace, now_s=9001) == 1
    assert [path.name for path in parts.iterdir()] == ["new.part"]


def test_files_that_cant_be_read(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(DocumentNotFound, match="no such file"):
        put_blob(workspace, tmp_path / "nowhere")
    with pytest.raises(DocumentError, match="can't be read"):
        put_blob(workspace, tmp_path)
    assert files(workspace) == []


def test_a_place_that_cant_be_written(workspace: Workspace) -> None:
    (workspace.blobs / PARTS).touch()
    with pytest.raises(OutputError, match="can't be kept"):
        put_blob(workspace, DATA)
