"""`recto data synth` as a user calls it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recto.cli import app, verbs
from recto.datasets.loading import load_dataset
from recto.errors import OutputError

assert verbs.app is app


def test_it_makes_a_dataset_that_loads(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    result = CliRunner().invoke(app, ["data", "synth", str(folder), "--count", "8", "--kind", "receipt"])
    assert result.exit_code == 0, result.output
    assert "8 documents" in result.output
    dataset = load_dataset(folder)
    assert {example.category for example in dataset.examples} == {"receipt"}
    assert all(dataset.split(name) for name in ("train", "val", "test"))


def test_kinds_languages_and_wear_are_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    wishes = ["--count", "4", "--kind", "contract,tax_form", "--language", "es", "--degradation", "none"]
    assert CliRunner().invoke(app, ["data", "synth", str(folder), *wishes]).exit_code == 0
    examples = load_dataset(folder).examples
    assert {example.category for example in examples} == {"contract", "tax_form"}
    assert {example.language for example in examples} == {"es"}
    assert all(example.image.endswith(".png") for example in examples)


def test_hard_documents_come_in_the_same_folders(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert CliRunner().invoke(app, ["data", "synth", str(folder), "--count", "8", "--hard"]).exit_code == 0
    examples = load_dataset(folder).examples
    assert {example.category for example in examples} == {"receipt", "invoice"}
    assert {example.split for example in examples} == {"train", "val", "test"}


def test_it_replaces_only_when_asked(tmp_path: Path) -> None:
    call = ["data", "synth", str(tmp_path), "--count", "1"]
    (tmp_path / "mine.txt").write_text("precious")
    refused = CliRunner().invoke(app, call)
    assert isinstance(refused.exception, OutputError)
    assert (tmp_path / "mine.txt").exists()
    assert isinstance(CliRunner().invoke(app, [*call, "--replace"]).exception, OutputError)
    assert (tmp_path / "mine.txt").exists()
    (tmp_path / "mine.txt").unlink()
    assert CliRunner().invoke(app, call).exit_code == 0
    assert isinstance(CliRunner().invoke(app, call).exception, OutputError)
    assert CliRunner().invoke(app, [*call, "--replace"]).exit_code == 0
    assert not (tmp_path / "mine.txt").exists()


WRONG = (
    ["--count", "0"],
    ["--seed", "-1"],
    ["--kind", "poem"],
    ["--kind", ","],
    ["--language", "en,tlh"],
    ["--degradation", "x"],
)


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_flags_are_usage_errors(tmp_path: Path, wrong: list[str]) -> None:
    result = CliRunner().invoke(app, ["data", "synth", str(tmp_path / "data"), *wrong])
    assert result.exit_code == 2
