"""`recto evaluate --fields`: a table, both files, flags that mean nothing."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli.verbs import app
from recto.errors import RectoError
from recto.evaluation.fields.report import FieldReport
from recto.extraction.loading import load_schema
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import write_tagger


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows = []
    for place, split in enumerate(("test", "test", "train")):
        name = f"{place}.png"
        (tmp_path / "set").mkdir(exist_ok=True)
        Image.new("RGB", (60, 40), (place, 255, 255)).save(tmp_path / "set" / name)
        labels = {"company": f"Shop {place}", "total": "12.00"}
        rows.append({"image": name, "category": "receipt", "split": split, "fields": labels})
    (tmp_path / "set" / "annotations.json").write_text(json.dumps(rows))
    return tmp_path / "set"


def run(*words: object) -> Result:
    arguments = ["evaluate", *map(str, words), "--engine", "fake"]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "100", "NO_COLOR": "1"})


def test_a_table_and_both_files(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(dataset, "--fields", "--schema", "receipt", "--baseline", "untrained", "--out", out)
    assert done.exit_code == 0, done.output
    assert "2 documents, receipt by tagger, not trained" in done.stdout
    assert "F1 against tagger, not trained" in done.stdout
    assert "unseen vendors: mean F1 0.0 %" in done.stdout
    report = FieldReport.model_validate_json((out / "report.json").read_bytes())
    assert (report.documents, report.dataset.split) == (2, "test")
    assert report.candidate.unseen is not None and report.candidate.unseen.documents == 2
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_json_on_stdout_is_the_report_alone(dataset: Path) -> None:
    done = run(dataset, "--fields", "--schema", "receipt", "--split", "all", "--limit", 2, "--json")
    assert json.loads(done.stdout)["documents"] == 2


def test_failures_are_told_by_the_exit_code(dataset: Path) -> None:
    (dataset / "1.png").write_bytes(b"torn")
    done = run(dataset, "--fields", "--schema", "receipt")
    assert done.exit_code == 1
    assert "1.png" in done.stderr


def test_a_trained_tagger_brings_its_schema(dataset: Path, tmp_path: Path) -> None:
    write_tagger(
        tmp_path / "tagger", Tagger(load_schema("receipt")), recipe={}, data_fingerprint="d", metrics={}
    )
    done = run(dataset, "--fields", "--model", tmp_path / "tagger", "--baseline", "untrained")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    "flags",
    [
        ["--fields"],
        ["--fields", "--schema", "none-such"],
        ["--fields", "--schema", "contract"],
        ["--fields", "--schema", "receipt", "--baseline", "nowhere"],
        ["--fields", "--schema", "receipt", "--baseline-model", "nowhere"],
        ["--schema", "receipt"],
        ["--read-with", "base"],
    ],
)
def test_calls_that_cant_work(dataset: Path, flags: list[str]) -> None:
    done = run(dataset, *flags)
    assert isinstance(done.exception, RectoError) or done.exit_code == 2
