"""An exported Release works by itself, says what was changed, and takes no document with it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER, open_model
from recto.errors import MissingPackage, OutputError, RegistryError
from recto.registry.export import export
from recto.registry.store import release_folder

from .conftest import ORIGIN, Registry


def test_the_export_is_a_model_folder_with_its_papers(registry: Registry, tmp_path: Path) -> None:
    registry.add(b"tuned weights")
    out = export(registry.workspace, 1, tmp_path / "shared" / "model")
    assert open_model(out).file(RECOGNISER).read_bytes() == b"tuned weights"
    assert {path.name for path in out.iterdir()} == {
        "model.json", RECOGNISER, "release.json", "recipe.yaml", "metrics.json",
        "NOTICE", "LICENSE", "MODEL_LICENSES.md",
    }  # fmt: skip
    notice = (out / "NOTICE").read_text()
    assert f"{RECOGNISER} was CHANGED: it is PP-OCRv6-small, fine-tuned by recto" in notice
    assert ORIGIN.base_sha256 in notice
    assert "Baidu" in notice
    assert "Apache License" in (out / "LICENSE").read_text()
    assert json.loads((out / "metrics.json").read_text())["metrics"]["documents"] == 6
    assert [path.name for path in out.parent.iterdir()] == ["model"]


def test_unchanged_weights_are_not_said_to_be_changed(registry: Registry, tmp_path: Path) -> None:
    registry.add(b"base", origin=replace(ORIGIN, base_sha256=hashlib.sha256(b"base").hexdigest()))
    out = export(registry.workspace, 1, tmp_path / "out")
    assert "as it came, unchanged" in (out / "NOTICE").read_text()


def test_no_document_leaves_the_workspace(registry: Registry, tmp_path: Path) -> None:
    registry.add()
    out = export(registry.workspace, 1, tmp_path / "out")
    assert all(b"receipt number" not in path.read_bytes() for path in out.iterdir())


def test_a_folder_with_something_in_it_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    registry.add()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(OutputError, match="isn't empty"):
            export(registry.workspace, 1, tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert open_model(export(registry.workspace, 1, tmp_path / "empty"))


@pytest.mark.parametrize("place", ["releases/0002", "blobs", "runs/new/model", "../link/0002"])
def test_nothing_is_exported_into_what_recto_keeps(registry: Registry, tmp_path: Path, place: str) -> None:
    registry.add()
    (tmp_path / "link").symlink_to(registry.workspace.releases)
    before = sorted(registry.workspace.path.rglob("*"))
    with pytest.raises(OutputError, match=r"only recto writes into \S+\n.*another --out"):
        export(registry.workspace, 1, registry.workspace.path / place)
    assert sorted(registry.workspace.path.rglob("*")) == before
    assert export(registry.workspace, 1, registry.workspace.path / "shared" / "releases").is_dir()


def test_a_place_that_can_not_be_written_is_our_error(registry: Registry, tmp_path: Path) -> None:
    registry.add()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        export(registry.workspace, 1, tmp_path / "file" / "out")


def test_what_was_tampered_with_is_not_exported(registry: Registry, tmp_path: Path) -> None:
    added = registry.add()
    weights = release_folder(registry.workspace, added) / "model" / RECOGNISER
    weights.chmod(0o644)
    weights.write_bytes(b"other")
    with pytest.raises(RegistryError, match="was changed"):
        export(registry.workspace, 1, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_of_unknown_licence_are_not_exported(registry: Registry, tmp_path: Path) -> None:
    registry.add(base="mystery")
    with pytest.raises(MissingPackage, match="no licence is known for the base weights 'mystery'"):
        export(registry.workspace, 1, tmp_path / "out")
