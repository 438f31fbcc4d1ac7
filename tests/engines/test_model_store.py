"""The store of base weights: from a folder into it, found, checked, removed."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from recto.engines import model_keeping, model_store
from recto.engines.model_keeping import keep_folder, remove
from recto.engines.model_store import damage, find_model, models, store_folder
from recto.errors import EngineError, ModelFolderError, ModelNotFound, PullFailed

from .weights import SHARDS, folder_of, weight_files

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 3000000\n"
"""What git leaves in the place of a large file that wasn't fetched."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "usb", weight_files(modeling_own=None, **{"modeling_own.py": None}))


def keep(source: Path, name: str = "mine", *, link: bool = False) -> model_store.StoredModel:
    return keep_folder(name, source, link=link, advance=lambda _: None)


@pytest.mark.parametrize("link", [False, True], ids=["copied", "linked"])
def test_a_folder_becomes_a_stored_model(store: Path, source: Path, link: bool) -> None:
    counted: list[int] = []
    model = keep_folder("mine", source, link=link, advance=counted.append)
    assert (model.name, model.architecture, model.repo, model.revision) == ("mine", "deepseek-ocr-2", "", "")
    assert model.path == (source if link else store / "mine" / "weights")
    names = {file.name for file in model.path.iterdir() if link or file.name}
    assert link or names == {
        "config.json",
        "model.safetensors.index.json",
        *SHARDS,
        "tokenizer.json",
        "LICENSE",
    }
    assert sum(counted) == model.bytes
    assert models() == (model,) == (find_model("mine", verify=True),)
    assert damage(model) == ()


def test_one_digest_for_the_same_files_wherever_they_lie(store: Path, source: Path) -> None:
    copied, linked = keep(source), keep(source, "linked", link=True)
    assert copied.sha256 == linked.sha256 == find_model(str(source)).sha256
    (source / "tokenizer.json").write_bytes(b"another one")
    assert find_model(str(source)).sha256 != copied.sha256


@pytest.mark.parametrize("verify", [False, True], ids=["looked at", "verified"])
@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
def test_harmed_weights_are_refused(store: Path, source: Path, harm: str, verify: bool) -> None:
    model = keep(source)
    file = model.path / SHARDS[0]
    data = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(data[:-1] if harm == "cut" else data[:-1] + bytes([data[-1] ^ 1]))
    assert len(damage(model)) == 1
    if harm == "changed" and not verify:
        find_model("mine")  # sizes alone don't tell
        return
    with pytest.raises(ModelFolderError, match=SHARDS[0]) as told:
        find_model("mine", verify=verify)
    assert "recto models verify mine" in told.value.hint


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (weight_files(config_json=None), "no config.json"),
        (weight_files(**{SHARDS[1]: None}), f"{SHARDS[1]} is missing"),
        (weight_files(**{SHARDS[0]: None, SHARDS[1]: None, "model.safetensors.index.json": None}), "pickled"),
        (weight_files(**{"model.safetensors.index.json": b"[]"}), "can't be read as an index"),
        (weight_files(config_json=b'{"model_type": "llama"}'), "llama"),
        (weight_files(config_json=b"{"), "config.json can't be read"),
        (weight_files(config_json=b"[]"), "no table"),
        (weight_files(**{SHARDS[1]: weight_files()[SHARDS[1]][:-1]}), f"{SHARDS[1]} is cut"),
        (weight_files(**{SHARDS[0]: b""}), f"{SHARDS[0]} is cut"),
        (weight_files(**{SHARDS[0]: POINTER}), f"{SHARDS[0]} is cut, or isn't what its name says"),
    ],
    ids=[
        "no config", "a shard lacks", "pickled only", "index", "unknown architecture", "cut config", "list",
        "a cut shard", "an empty shard", "git's pointer",
    ],
)  # fmt: skip
def test_what_is_no_whole_weights_is_refused(
    store: Path, tmp_path: Path, files: Mapping[str, bytes], told: str
) -> None:
    folder = folder_of(tmp_path / "odd", files)
    for call in (lambda: keep(folder), lambda: find_model(str(folder))):
        with pytest.raises(EngineError, match=told):
            call()
    assert models() == ()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("deepseek-ocr-2", "recto models pull deepseek-ocr-2"),
        ("some/repo", "recto models pull some/repo"),
        ("deepseek-ocr-2-tiny", "recto models tiny"),
        ("desk", "recto models pull gets: deepseek-ocr-2, .*; here already: mine"),
    ],
)
def test_what_is_missing_is_said_with_the_command_that_gets_it(
    store: Path, source: Path, name: str, hint: str
) -> None:
    keep(source)
    with pytest.raises(ModelNotFound, match=hint):
        find_model(name)


def test_a_name_is_used_once(store: Path, source: Path) -> None:
    before = keep(source)
    with pytest.raises(EngineError, match="stored as 'mine' already"):
        keep(source)
    assert find_model("mine") == before
    for bad in ("", ".", "..", ".hidden", "a/b", "a\\b"):
        with pytest.raises(EngineError, match="no name for weights"):
            keep(source, bad)


@pytest.mark.parametrize("link", [False, True], ids=["copied", "linked"])
def test_removing_takes_the_copy_but_never_the_users_folder(store: Path, source: Path, link: bool) -> None:
    keep(source, link=link)
    remove("mine")
    assert models() == ()
    assert (source / SHARDS[0]).is_file()
    assert not (store / "mine").exists()
    with pytest.raises(ModelNotFound):
        remove("mine")


def test_a_broken_record_is_told_and_can_be_removed(store: Path, source: Path) -> None:
    keep(source)
    for harm in (lambda file: file.write_text("{}"), lambda file: file.unlink()):
        harm(store / "mine" / "stored.json")
        with pytest.raises(ModelFolderError, match=r"stored.json can't be read") as told:
            find_model("mine")
        assert "recto models remove mine" in told.value.hint
    remove("mine")
    assert models() == ()


def test_no_room_is_said_before_anything_is_written(store: Path, source: Path) -> None:
    store.mkdir()
    with pytest.raises(PullFailed, match="GB are needed"):
        model_keeping.check_space(10**18)


def test_the_store_is_where_it_is_said_to_be() -> None:
    assert store_folder({"RECTO_MODELS": "~/models"}) == Path.home() / "models"
    if os.name == "posix":
        expected = Path("/var/cache/recto/models")
        assert store_folder({"XDG_CACHE_HOME": "/var/cache"}) == expected or store_folder({}).name == "models"
