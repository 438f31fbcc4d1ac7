"""`recto models`: as it is typed, against a small Hub, and killed in the middle."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.engines.model_store import StoredModel, find_model
from recto.errors import EngineError, ModelFolderError, ModelNotFound, OutputError, PullFailed
from recto.settings import settings_here
from recto.training.lora.export import Told, write
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.way import LoraWay

from ..engines.hub import COMMIT, OLDER, Hub, Repo, hub_with
from ..engines.weights import SHARDS, folder_of, weight_files
from ..tiny import tiny_weights  # noqa: F401
from .conftest import call

REPO = "deepseek-community/DeepSeek-OCR-2"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_with({REPO: Repo(weight_files())}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("RECTO_MODELS", str(tmp_path / "store"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


def test_pull_list_verify_remove(hub: Hub) -> None:
    pulled = call("models", "pull", "deepseek-ocr-2")
    assert f"main is commit {COMMIT}; 6 files, 3.0 MB, licence mit" in pulled.stderr
    assert "stored as deepseek-ocr-2: deepseek-ocr-2, 3.0 MB, the Hub: " + REPO in pulled.stdout
    (listed,) = json.loads(call("models", "list", "--json").stdout)
    assert (listed["name"], listed["revision"], listed["licence"]) == ("deepseek-ocr-2", COMMIT, "mit")
    shown = call("models", "list").stdout
    assert f"{COMMIT[:12]}" in shown
    assert "recto models pull gets: deepseek-ocr, qwen" in shown
    assert "as it was stored" in call("models", "verify").stdout
    with (Path(listed["path"]) / SHARDS[1]).open("r+b") as stream:
        stream.write(b"spoilt")
    wrong = call("models", "verify", "deepseek-ocr-2")
    assert wrong.exit_code == 1
    assert f"{SHARDS[1]} was changed" in wrong.stdout
    assert call("models", "remove", "deepseek-ocr-2").exit_code == 1  # nobody says yes
    assert "is removed" in call("models", "remove", "deepseek-ocr-2", "--yes").stdout
    assert json.loads(call("models", "list", "--json").stdout) == []


@pytest.mark.parametrize("revision", [(), ("--revision", COMMIT), ("--revision", "main")])
def test_what_is_here_is_not_fetched_again(hub: Hub, revision: tuple[str, ...]) -> None:
    call("models", "pull", REPO)
    hub.asked.clear()
    assert call("models", "pull", REPO, *revision).exit_code == 0
    assert hub.asked == []
    with pytest.raises(EngineError, match="already"):
        call("models", "pull", REPO, "--revision", OLDER)
    assert call("models", "pull", REPO, "--revision", OLDER, "--name", "older").exit_code == 0
    assert find_model("older").revision == OLDER


def test_pull_from_a_folder_needs_no_network(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    usb = folder_of(tmp_path / "usb", weight_files())
    copied = call("models", "pull", "deepseek-ocr-2", "--from", usb)
    assert f"copied from {usb}" in copied.stdout
    linked = call("models", "pull", "mine", "--from", usb, "--link")
    assert f"left in {usb}" in linked.stdout
    assert find_model("mine").path == usb
    assert call("models", "pull", "mine", "--link").exit_code == 2
    assert call("models", "pull", "x", "--from", usb, "--revision", "main").exit_code == 2
    with pytest.raises(ModelNotFound, match="no such folder"):
        call("models", "pull", "x", "--from", tmp_path / "nowhere")


def test_names_that_are_not_stored_are_told(hub: Hub) -> None:
    for verb in ("verify", "remove"):
        with pytest.raises(ModelNotFound, match="nothing is stored as 'x'"):
            call("models", verb, "x")


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX")
def test_a_killed_pull_is_never_taken_for_whole_and_goes_on(hub: Hub, tmp_path: Path) -> None:
    hub.cuts, hub.hold = [1_100_000], threading.Event()
    program = "import sys; sys.argv = ['recto', *sys.argv[1:]]; import recto.cli; recto.cli.main()"
    victim = subprocess.Popen([sys.executable, "-c", program, "models", "pull", REPO], env=dict(os.environ))
    try:
        part = _part_with(1_100_000, tmp_path / "store", victim)
    finally:
        victim.kill()
        victim.wait()
    hub.hold.set()
    assert part.stat().st_size == 1_100_000
    with pytest.raises(ModelNotFound):
        find_model(REPO)
    assert json.loads(call("models", "list", "--json").stdout) == []
    hub.asked.clear()
    assert call("models", "pull", REPO).exit_code == 0
    assert hub.starts(SHARDS[0]) == [1_100_000]
    assert find_model(REPO, verify=True).revision == COMMIT


def test_what_was_never_finished_can_be_removed(hub: Hub, tmp_path: Path) -> None:
    hub.tampered = {SHARDS[1]}
    with pytest.raises(PullFailed):
        call("models", "pull", REPO)
    assert "is removed" in call("models", "remove", "deepseek-ocr-2", "--yes").stdout
    assert not list((tmp_path / "store").rglob("*.safetensors"))


def _part_with(size: int, store: Path, process: subprocess.Popen[bytes]) -> Path:
    """The unfinished shard, once the other process has written so much of it: only the file tells."""
    pause = threading.Event()
    while process.poll() is None:
        for part in store.glob(f".unfinished/*/*/weights/{SHARDS[0]}.part"):
            if part.stat().st_size == size:
                return part
        pause.wait(0.02)
    raise AssertionError(f"the pull ended by itself with {process.returncode}")


def test_the_tiny_model_is_built_once(hub: Hub) -> None:
    assert "stored as deepseek-ocr-2-tiny: deepseek-ocr-2, 2.1 MB" in call("models", "tiny").stdout
    model = find_model("deepseek-ocr-2-tiny", verify=True)
    assert (model.architecture, model.revision) == ("deepseek-ocr-2", "")
    assert "deepseek-ocr-2-tiny is here already" in call("models", "tiny").stdout
    assert hub.asked == []


def test_merged_weights_need_neither_base_nor_adapter(
    tiny_weights: StoredModel,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECTO_MODELS", str(tmp_path / "store"))
    monkeypatch.setenv("RECTO_VLM_MODEL", str(tiny_weights.path))
    monkeypatch.setenv("RECTO_VLM_DEVICE", "cpu")
    recipe = VlmRecipe(model=str(tiny_weights.path))
    pupil = LoraWay(recipe, settings_here(tmp_path)).teacher().pupil
    pupil.put({name: weight + 0.01 for name, weight in pupil.weights().items()})
    write(pupil, recipe, Told("", {}), tmp_path / "model")
    done = call("models", "merge", tmp_path / "model", "--out", tmp_path / "merged")
    assert "what is likely differs by" in done.stdout
    merged = call("models", "pull", "mine", "--from", tmp_path / "merged", "--link")
    assert "stored as mine: deepseek-ocr-2" in merged.stdout
    assert find_model("mine").sha256 != tiny_weights.sha256
    with pytest.raises(OutputError, match="is there already"):
        call("models", "merge", tmp_path / "model", "--out", tmp_path / "merged")
    with pytest.raises(ModelFolderError, match="base weights are no model folder"):
        call("models", "merge", "base", "--out", tmp_path / "other", "--workspace", tmp_path)
