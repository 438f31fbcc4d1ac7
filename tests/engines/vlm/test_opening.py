"""From a model folder and settings to what reads: which base, which adapter, which mode and task."""

import shutil
from pathlib import Path

import pytest

from recto.engines.model_folder import BaseWeights, ModelCard, VlmCard, write_model
from recto.engines.model_store import STORE_VARIABLE, StoredModel
from recto.engines.vlm.opening import base_of, open_for_reading
from recto.engines.vlm.tasks import Task
from recto.errors import EngineError, ModelFolderError, ModelNotFound
from recto.settings import VlmSettings


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))


def card(source: StoredModel, kind: str = "adapter", **changes: str) -> ModelCard:
    told = {"architecture": "deepseek-ocr-2", "mode": "gundam", "task": "text", "dtype": "float32", **changes}
    vlm = VlmCard.model_validate({**told, "kind": kind})
    return ModelCard(engine="vlm", base=BaseWeights(name="somewhere", sha256=source.sha256), vlm=vlm)


def test_without_a_model_folder_the_settings_say_all(tiny_weights: StoredModel) -> None:
    settings = VlmSettings(model=str(tiny_weights.path), mode="gundam", task="ocr", device="cpu")
    opened = open_for_reading(None, settings)
    assert (opened.mode, opened.task, opened.adapter) == ("gundam", Task.OCR, None)
    assert opened.label == tiny_weights.name
    plain = open_for_reading(None, settings.model_copy(update={"mode": ""}))
    assert plain.mode == "base"
    assert plain.base is opened.base
    with pytest.raises(EngineError, match="has no mode 'large'"):
        open_for_reading(None, settings.model_copy(update={"mode": "large"}))


def test_a_base_is_found_by_its_content_and_never_taken_for_another(tiny_weights: StoredModel) -> None:
    assert base_of(card(tiny_weights), str(tiny_weights.path)).sha256 == tiny_weights.sha256
    other = card(tiny_weights).model_copy(update={"base": BaseWeights(name="somewhere", sha256="e" * 64)})
    with pytest.raises(ModelNotFound, match=r"its base somewhere \(eeeeeeeeeeee…\)") as caught:
        base_of(other, str(tiny_weights.path))
    assert "RECTO_VLM_MODEL" in caught.value.hint
    known = card(tiny_weights, repo="deepseek-community/DeepSeek-OCR-2", revision="a" * 40)
    with pytest.raises(ModelNotFound) as caught:
        base_of(known, "deepseek-ocr-2")
    assert f"recto models pull deepseek-community/DeepSeek-OCR-2 --revision {'a' * 40}" in caught.value.hint


def test_full_weights_need_no_base(tiny_weights: StoredModel, tmp_path: Path) -> None:
    files = {file.name: file for file in tiny_weights.path.iterdir()}
    folder = write_model(tmp_path / "full", card(tiny_weights, "full"), files)
    opened = open_for_reading(folder.path, VlmSettings(model="not-here", device="cpu"))
    assert (opened.mode, opened.task, opened.adapter) == ("gundam", Task.TEXT, None)
    assert opened.label == folder.label


def test_a_changed_or_foreign_folder_is_refused(tiny_weights: StoredModel, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", card(tiny_weights), {"adapter_config.json": b"{}"})
    with pytest.raises(ModelFolderError, match="holds no adapter_model"):
        open_for_reading(folder.path, VlmSettings(model=str(tiny_weights.path), device="cpu"))
    foreign = ModelCard(engine="vlm", base=BaseWeights(name="x", sha256="0" * 64), characters="abc")
    with pytest.raises(ModelFolderError, match="says nothing of a vlm"):
        open_for_reading(write_model(tmp_path / "foreign", foreign, {}).path, VlmSettings())
    shutil.rmtree(folder.path)
    with pytest.raises(ModelFolderError, match="no such folder"):
        open_for_reading(folder.path, VlmSettings())
