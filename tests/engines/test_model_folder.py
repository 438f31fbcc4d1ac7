"""A model folder is whole and unchanged, or it is refused with the reason."""

import json
from pathlib import Path

import pytest

from recto.engines.model_folder import (
    CARD,
    RECOGNISER,
    BaseWeights,
    ModelCard,
    VlmCard,
    engine_of,
    open_model,
    write_model,
)
from recto.errors import ModelFolderError, OutputError

CHARACTERS = "abc疗 "


def card(engine: str = "ppocr") -> ModelCard:
    return ModelCard(
        engine=engine, base=BaseWeights(name="PP-OCRv6-small", sha256="0" * 64), characters=CHARACTERS
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    write_model(path, card(), {RECOGNISER: b"weights"})
    return path


def test_what_was_written_is_what_opens(folder: Path) -> None:
    model = open_model(folder)
    assert model.file(RECOGNISER).read_bytes() == b"weights"
    assert model.characters == CHARACTERS
    assert model.label.startswith("PP-OCRv6-small tuned ")


def edit_card(folder: Path, **changes: object) -> None:
    value = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(value | changes))


TAMPERINGS = {
    "weights changed": (lambda f: (f / RECOGNISER).write_bytes(b"other"), "was changed"),
    "weights cut short": (lambda f: (f / RECOGNISER).write_bytes(b"weigh"), "was changed"),
    "weights missing": (lambda f: (f / RECOGNISER).unlink(), "is missing"),
    "card missing": (lambda f: (f / CARD).unlink(), f"no {CARD}"),
    "card cut short": (lambda f: (f / CARD).write_text('{"engine": '), "no JSON"),
    "card binary": (lambda f: (f / CARD).write_bytes(b"\xff\xfe\x00"), "can't be read"),
    "card a list": (lambda f: (f / CARD).write_text("[]"), "not a model card"),
    "card without a base": (lambda f: (f / CARD).write_text('{"engine": "ppocr"}'), "base: Field required"),
    "card without characters": (lambda f: edit_card(f, characters=""), "neither which characters"),
    "unknown key": (lambda f: edit_card(f, colour="red"), "colour"),
    "later schema": (lambda f: edit_card(f, schema_version=9), "later recto"),
    "another engine": (lambda f: edit_card(f, engine="vlm"), "'vlm'"),
    "path outside": (
        lambda f: edit_card(f, files={"../x": {"sha256": "0", "bytes": 1}}),
        "outside the folder",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_folder_is_refused_by_name(folder: Path, name: str) -> None:
    tamper, message = TAMPERINGS[name]
    tamper(folder)
    with pytest.raises(ModelFolderError, match=message) as caught:
        open_model(folder)
    assert str(folder) in str(caught.value)
    assert caught.value.hint


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="no such folder"):
        open_model(tmp_path / "nowhere")


def test_a_second_writing_replaces_the_first_and_leaves_nothing_beside(folder: Path) -> None:
    write_model(folder, card(), {RECOGNISER: b"newer"})
    assert open_model(folder).file(RECOGNISER).read_bytes() == b"newer"
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_a_file_in_the_way_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        write_model(tmp_path / "file" / "model", card(), {RECOGNISER: b"weights"})


def test_an_unnamed_file_is_not_handed_out(folder: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"no detector\.onnx"):
        open_model(folder).file("detector.onnx")


def vlm_card() -> ModelCard:
    """That of an adapter: weights in files, no characters."""
    vlm = VlmCard(
        architecture="deepseek-ocr-2",
        mode="base",
        task="text",
        kind="adapter",
        dtype="float32",
        revision="a" * 40,
    )
    base = BaseWeights(name="deepseek-ocr-2", sha256="0" * 64)
    return ModelCard(engine="vlm", base=base, vlm=vlm)


def test_files_given_as_paths_are_copied_and_hashed_as_they_stand(tmp_path: Path) -> None:
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(b"tensors" * 1000)
    written = write_model(
        tmp_path / "model", vlm_card(), {weights.name: weights, "adapter_config.json": b"{}"}
    )
    model = open_model(written.path, engine="vlm")
    assert model.card == written.card
    assert model.file(weights.name).read_bytes() == weights.read_bytes()
    assert model.card.files[weights.name].bytes == 7000
    assert engine_of(model.path) == "vlm"


def test_a_label_tells_weights_apart_whatever_the_engine(tmp_path: Path) -> None:
    labels = {
        write_model(
            tmp_path / str(n), vlm_card(), {"adapter_model.safetensors": content, "x.json": b"{}"}
        ).label
        for n, content in enumerate((b"one", b"two", b"one"))
    }
    assert len(labels) == 2
    assert all(label.startswith("deepseek-ocr-2 tuned ") for label in labels)


def test_cards_of_engines_without_one_say_nothing_of_a_vlm(folder: Path) -> None:
    assert "vlm" not in json.loads((folder / CARD).read_text())
