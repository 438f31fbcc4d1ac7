"""An exported Release works by itself, says what was changed, and takes no document with it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, VlmCard, open_model, write_model
from recto.engines.model_keeping import keep_folder
from recto.engines.model_store import STORE_VARIABLE
from recto.errors import MissingPackage, ModelNotFound, OutputError, RegistryError
from recto.registry.export import export
from recto.registry.store import add_release, release_folder

from ..engines.weights import folder_of, weight_files
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


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BaseWeights:
    """Base weights of a vision-language model, in a store of their own."""
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    source = folder_of(tmp_path / "weights", weight_files())
    stored = keep_folder("ours", source, link=False, advance=lambda size: None)
    return BaseWeights(name=stored.name, sha256=stored.sha256)


def add_vlm(registry: Registry, base: BaseWeights, folder: Path, **changed: str) -> None:
    facts = {
        "architecture": "deepseek-ocr-2",
        "mode": "base",
        "task": "text",
        "kind": "adapter",
        "dtype": "fp32",
    }
    vlm = VlmCard.model_validate(facts | changed)
    files = {"adapter_config.json": b"{}", "adapter_model.safetensors": b"adapter"}
    write_model(folder, ModelCard(engine="vlm", base=base, vlm=vlm), files)
    origin = replace(ORIGIN, base_sha256=base.sha256)
    add_release(registry.workspace, "general", folder, registry.report(), origin)


def test_an_adapter_says_which_base_weights_it_needs(
    registry: Registry, base: BaseWeights, tmp_path: Path
) -> None:
    add_vlm(registry, base, tmp_path / "adapter", repo="deepseek-community/DeepSeek-OCR-2", revision="a" * 40)
    out = export(registry.workspace, 1, tmp_path / "out")
    assert {path.name for path in out.iterdir()} == {
        "model.json", "adapter_config.json", "adapter_model.safetensors", "release.json", "recipe.yaml",
        "metrics.json", "NOTICE", "BASE-LICENSE",
    }  # fmt: skip
    assert open_model(out, engine="vlm").card.base == base
    notice = (out / "NOTICE").read_text()
    assert "It is an adapter" in notice and "NOT in this folder" in notice
    assert f"recto models pull deepseek-community/DeepSeek-OCR-2 --revision {'a' * 40} --name ours" in notice
    assert base.sha256 in notice and "BASE-LICENSE" in notice
    assert (out / "BASE-LICENSE").read_text() == "Do what you like.\n"


def test_all_weights_are_said_to_be_changed(registry: Registry, base: BaseWeights, tmp_path: Path) -> None:
    add_vlm(registry, base, tmp_path / "full", kind="full")
    notice = (export(registry.workspace, 1, tmp_path / "out") / "NOTICE").read_text()
    assert "CHANGED" in notice and "adapter" not in notice


def test_without_its_base_weights_the_licence_is_missing(
    registry: Registry, base: BaseWeights, tmp_path: Path
) -> None:
    add_vlm(registry, base.model_copy(update={"sha256": "0" * 64}), tmp_path / "other")
    with pytest.raises(ModelNotFound, match="are others than this model was made from"):
        export(registry.workspace, 1, tmp_path / "out")
    add_vlm(registry, base.model_copy(update={"name": "gone"}), tmp_path / "gone")
    with pytest.raises(ModelNotFound, match="'gone' aren't on this machine"):
        export(registry.workspace, 2, tmp_path / "out")
