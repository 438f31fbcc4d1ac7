"""`--model` and `--workspace` of `recto read` and `recto evaluate`: which weights read, and who says so."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import Result

from recto.cli.model_option import chosen_weights
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, VlmCard, write_model
from recto.errors import EngineError, ModelFolderError, RectoError, RegistryError

from .conftest import Place, call


def release_read(done: Result) -> str | None:
    """Which Release its one Transcript names."""
    assert done.exit_code == 0, done.output
    named: str | None = json.loads(done.stdout)["release"]
    return named


def test_read_takes_the_current_release_of_the_workspace_and_says_so(place: Place) -> None:
    done = call("read", place.page)
    assert release_read(done) is None
    assert "no Release is current" in done.stderr
    assert "base model" in done.stderr
    call("releases", "promote", 3)
    done = call("read", place.page)
    assert release_read(done) == "3"
    assert "reading with Release 3 (general: CER 0.00 %" in done.stderr


def test_read_by_number_by_scope_and_by_base(place: Place) -> None:
    call("releases", "promote", 3)
    assert release_read(call("read", place.page, "--model", "1")) == "1"
    assert release_read(call("read", place.page, "--model", "0002")) == "2"
    assert release_read(call("read", place.page, "--model", "current")) == "3"
    general_for_legal = call("read", place.page, "--model", "current:legal")
    assert release_read(general_for_legal) == "3"
    assert "Release 3 (general" in general_for_legal.stderr
    call("releases", "promote", 2)
    assert release_read(call("read", place.page, "--model", "current:legal")) == "2"
    base = call("read", place.page, "--model", "base")
    assert (release_read(base), base.stderr) == (None, "")
    folder = call("read", place.page, "--model", place.model)
    assert (release_read(folder), folder.stderr) == (None, "")


def test_outside_a_workspace_nothing_changes(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No word about Releases; and a folder is a folder, whatever its name."""
    call("releases", "promote", 3)
    monkeypatch.chdir(tmp_path)
    done = call("read", place.page)
    assert (release_read(done), done.stderr) == (None, "")
    shutil.copytree(place.model, tmp_path / "3")
    assert release_read(call("read", place.page, "--model", "3")) is None
    with pytest.raises(RegistryError, match="Release of a workspace, and there is none here") as caught:
        call("read", place.page, "--model", "4")
    assert "./4" in caught.value.hint
    with pytest.raises(ModelFolderError, match="no such folder"):
        call("read", place.page, "--model", "nowhere")


def test_the_environment_names_the_workspace_for_reading(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("releases", "promote", 3)
    monkeypatch.chdir(tmp_path)
    assert release_read(call("read", place.page, RECTO_WORKSPACE=str(place.folder))) == "3"
    with pytest.raises(RectoError, match="no workspace here"):
        call("read", place.page, RECTO_WORKSPACE=str(tmp_path))


def test_another_engine_reads_by_itself(place: Place) -> None:
    call("releases", "promote", 3)
    done = call("read", place.page, "--engine", "fake")
    assert (release_read(done), done.stderr) == (None, "")
    with pytest.raises(EngineError, match="made for engine 'ppocr', not 'fake'"):
        call("read", place.page, "--engine", "fake", "--model", "3")


def test_a_changed_release_reads_nothing(place: Place) -> None:
    call("releases", "promote", 3)
    weights = place.folder / "releases" / "0003" / "model" / RECOGNISER
    weights.chmod(0o644)
    weights.write_bytes(b"other")
    with pytest.raises(RegistryError, match="was changed") as caught:
        call("read", place.page)
    assert "rollback" in caught.value.hint


def test_the_workspace_by_flag(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("releases", "promote", 3)
    monkeypatch.chdir(tmp_path)
    flag = ("--workspace", place.folder / "in")
    assert release_read(call("read", place.page, *flag)) == "3"
    assert release_read(call("read", place.page, *flag, "--model", "1")) == "1"
    assert model_measured(call("evaluate", dataset(place), *flag, "--json")) == "release 3"
    for verb in (("read", place.page), ("evaluate", dataset(place))):
        with pytest.raises(RectoError, match="no workspace here"):
            call(*verb, "--workspace", tmp_path)
        with pytest.raises(RectoError, match="no workspace here"):  # the flag stands above the variable
            call(*verb, "--workspace", tmp_path, RECTO_WORKSPACE=str(place.folder))


def dataset(place: Place) -> Path:
    """The page with its text, as a dataset."""
    entry = {"image": "page.png", "text": "words", "category": "receipt", "split": "test"}
    (place.page.parent / "annotations.json").write_text(json.dumps([entry]))
    return place.page.parent


def model_measured(done: Result) -> str:
    assert done.exit_code == 0, done.output
    named: str = json.loads(done.stdout)["settings"]["model"]
    return named


def test_evaluate_measures_what_read_reads_with(place: Place) -> None:
    folder = dataset(place)
    done = call("evaluate", folder, "--json")
    assert model_measured(done) == "base"
    assert "no Release is current" in done.stderr
    call("releases", "promote", 3)
    done = call("evaluate", folder, "--json")
    assert model_measured(done) == "release 3"
    assert "reading with Release 3 (general" in done.stderr
    done = call("evaluate", folder, "--model", "base", "--json")
    assert (model_measured(done), done.stderr) == ("base", "")
    assert model_measured(call("evaluate", folder, "--model", place.model, "--json")) == str(place.model)


def test_evaluate_says_in_its_table_what_was_measured(place: Place) -> None:
    call("releases", "promote", 3)
    shown = call("evaluate", dataset(place), "--baseline", "ppocr").output
    assert "(release 3)" in shown and "(base)" in shown
    assert "(" not in call("evaluate", dataset(place), "--engine", "fake").output.splitlines()[0]


def test_a_baseline_reads_with_its_base_weights_unless_told(place: Place) -> None:
    call("releases", "promote", 3)
    for words, wanted in (
        (("--baseline", "ppocr"), "base"),
        (("--baseline-model", "base"), "base"),
        (("--baseline-model", "current"), "release 3"),
        (("--baseline", "ppocr", "--baseline-model", "1"), "release 1"),
    ):
        report = json.loads(call("evaluate", dataset(place), *words, "--json").stdout)
        assert report["settings"]["model"] == "release 3"
        assert report["baseline"]["settings"]["model"] == wanted


def test_without_engine_the_model_says_which_one_reads(place: Place, tmp_path: Path) -> None:
    """The card of the folder names it, and so does a Release."""
    folder = tmp_path / "adapter"
    vlm = VlmCard(architecture="deepseek-ocr-2", mode="base", task="text", kind="adapter", dtype="float32")
    base = BaseWeights(name="not-here-at-all", sha256="0" * 64)
    write_model(folder, ModelCard(engine="vlm", base=base, vlm=vlm), {"adapter_config.json": b"{}"})
    weights = chosen_weights(None, str(folder), None)
    assert (weights.engine, weights.folder) == ("vlm", folder)
    assert chosen_weights(None, str(place.model), None).engine == "ppocr"
    assert chosen_weights(None, "base", None).engine == "ppocr"
    call("releases", "promote", 3)
    assert chosen_weights(None, None, place.folder).engine == "ppocr"
    with pytest.raises(EngineError, match="made for engine 'vlm', not 'ppocr'"):
        call("read", place.page, "--engine", "ppocr", "--model", folder)
