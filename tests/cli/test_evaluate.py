import json
from typing import get_args

import pytest
from PIL import Image
from typer.testing import CliRunner

from recto.cli.model_option import EngineOption, chosen_weights
from recto.cli.verbs import app
from recto.engines.catalog import DEFAULT_ENGINE
from recto.errors import AnnotationError, EvaluationError, OutputError

ENTRIES = [
    {"image": "test/receipt_1.png", "text": "TOTAL 31.00", "category": "receipt", "split": "test"},
    {"image": "test/receipt_2.png", "text": "THANK YOU", "category": "receipt", "split": "test"},
    {"image": "train/invoice_1.png", "text": "Invoice 17", "category": "invoice", "split": "train"},
]


@pytest.fixture
def dataset(tmp_path):
    for entry in ENTRIES:
        path = tmp_path / "set" / entry["image"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (len(entry["text"]) * 20, 255, 255)).save(path)
    (tmp_path / "set" / "annotations.json").write_text(json.dumps(ENTRIES))
    return tmp_path / "set"


def run(*words):
    return CliRunner().invoke(app, ["evaluate", *map(str, words)])


def test_a_table_and_both_files(dataset, tmp_path):
    result = run(dataset, "--engine", "fake", "--baseline", "fake", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "CER stayed at 100.00 %" in result.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["metrics"]["cer"] == report["baseline"]["cer"] == 1
    assert report["dataset"]["split"] == "test"
    assert report["dataset"]["fingerprint"]
    assert report["settings"] == {"engine": "fake", "model": None}
    assert (tmp_path / "out" / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_json_on_stdout_is_the_report_alone(dataset):
    result = run(dataset, "--engine", "fake", "--split", "all", "--limit", 2, "--json")
    assert json.loads(result.stdout)["metrics"]["documents"] == 2


def test_failures_are_listed_and_told_by_the_exit_code(dataset):
    (dataset / "test" / "receipt_2.png").write_bytes(b"torn")
    result = run(dataset, "--engine", "fake")
    assert result.exit_code == 1
    assert "1 document failed" in result.output
    assert "receipt_2.png" in result.output


def test_a_missing_document_is_listed_and_counts_as_empty(dataset, tmp_path):
    (dataset / "test" / "receipt_1.png").unlink()
    result = run(dataset, "--engine", "fake", "--out", tmp_path / "out")
    assert result.exit_code == 1, result.output
    assert "1 document failed" in result.output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [d["document"] for d in report["documents"]] == ["test/receipt_1.png", "test/receipt_2.png"]
    assert "no such file" in report["documents"][0]["failure"]
    (dataset / "annotations.json").write_text(
        json.dumps([*ENTRIES, {"image": "test/receipt_2.png", "page": 0}])
    )
    assert isinstance(run(dataset, "--engine", "fake").exception, AnnotationError)


def test_failed_pages_of_one_document_are_listed_one_by_one(dataset):
    (dataset / "test" / "receipt_2.png").write_bytes(b"torn")
    entries = [ENTRIES[1] | {"page": page} for page in range(1, 5)]
    (dataset / "annotations.json").write_text(json.dumps(entries))
    result = run(dataset, "--engine", "fake", "--baseline", "fake", "--split", "test")
    assert "4 pages of 1 document failed" in result.output
    assert all(f"page {page} of test/receipt_2.png" in result.output for page in range(1, 5))


def test_a_column_that_ignores_case_says_so(dataset):
    blind = [entry | {"case": "upper"} for entry in ENTRIES]
    for entries, wanted in ((blind, True), (ENTRIES, False)):
        (dataset / "annotations.json").write_text(json.dumps(entries))
        output = run(dataset, "--engine", "fake", "--split", "all").output.split("by category")[1]
        assert ("ignoring" in output.split("invoice")[0]) is wanted


def test_a_missing_split_names_those_that_exist(dataset):
    error = run(dataset, "--engine", "fake", "--split", "val").exception
    assert isinstance(error, EvaluationError)
    assert "there are: test (2), train (1)" in str(error)
    assert "--split" in error.hint


def test_an_unwritable_out_is_told_before_reading(dataset, tmp_path):
    (tmp_path / "file").write_text("")
    assert isinstance(run(dataset, "--engine", "nonesuch", "--out", tmp_path / "file").exception, OutputError)


def test_the_default_engine_is_that_of_the_catalog(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert chosen_weights(None, None, None).engine == DEFAULT_ENGINE
    assert f"else {DEFAULT_ENGINE})" in get_args(EngineOption)[1].help
