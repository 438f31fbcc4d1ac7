"""`recto data …` as it is typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from recto.cli.verbs import app
from recto.errors import LeakageError, OutputError, RectoError

from .conftest import page

run = CliRunner().invoke


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = []
    for number in range(30):
        name = f"scans/{('receipt', 'invoice', 'contract')[number % 3]}_{number:03d}.png"
        page(tmp_path / "source" / name, number * 8)
        rows.append(
            {"image": name, "text": f"text {number}", "group": f"shop {number // 3}", "business": "saas"}
        )
    (tmp_path / "source" / "annotations.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path / "source"


def splits_in(folder: Path) -> dict[str, str]:
    rows = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    return {row["text"]: row["split"] for row in rows}


def test_check_says_that_all_is_well(source: Path) -> None:
    result = run(app, ["data", "check", str(source)])
    assert result.exit_code == 0
    assert "30 documents (none 30)" in result.output
    assert "0 errors, 0 warnings" in result.output


def test_check_shows_every_problem_and_exits_with_1(source: Path, tmp_path: Path) -> None:
    (source / "scans" / "receipt_000.png").write_bytes(b"\x89PNG nothing more")
    (source / "scans" / "invoice_001.png").unlink()
    (tmp_path / "bad.json").write_text("[{")
    result = run(app, ["data", "check", str(source), str(tmp_path / "bad.json")])
    assert result.exit_code == 1
    assert "3 errors" in result.output
    as_json = run(app, ["data", "check", str(source), str(tmp_path / "bad.json"), "--json"])
    assert as_json.exit_code == 1
    found = json.loads(as_json.output)
    assert [problem["row"] for problem in found["problems"]] == ["2", "", "1"]
    assert found["problems"][1]["file"].endswith("bad.json")


def test_split_is_the_same_each_time_and_after_growth(source: Path, tmp_path: Path) -> None:
    result = run(app, ["data", "split", str(source), str(tmp_path / "one"), "--shares", "60/20/20"])
    assert result.exit_code == 0, result.output
    before = splits_in(tmp_path / "one")
    lines = (source / "annotations.jsonl").read_text(encoding="utf-8").splitlines()
    page(source / "scans" / "receipt_900.png", 251)
    lines.insert(0, json.dumps({"image": "scans/receipt_900.png", "text": "new", "group": "shop 1"}))
    (source / "annotations.jsonl").write_text("\n".join(lines), encoding="utf-8")
    run(app, ["data", "split", str(source), str(tmp_path / "two"), "--shares", "60/20/20"])
    after = splits_in(tmp_path / "two")
    assert after.pop("new") == after["text 3"]
    assert after == before
    assert set(before.values()) == {"train", "val", "test"}


def test_split_keeps_what_is_there_unless_told(source: Path, tmp_path: Path) -> None:
    run(app, ["data", "split", str(source), str(tmp_path / "one")])
    run(app, ["data", "split", str(tmp_path / "one"), str(tmp_path / "two"), "--shares", "0/0/100"])
    assert splits_in(tmp_path / "two") == splits_in(tmp_path / "one")
    run(
        app,
        ["data", "split", str(tmp_path / "one"), str(tmp_path / "three"), "--shares", "0/0/100", "--again"],
    )
    assert set(splits_in(tmp_path / "three").values()) == {"test"}


def test_merge_drops_copies_and_reports(source: Path, tmp_path: Path) -> None:
    page(tmp_path / "more" / "receipt_1.png", 255)
    (tmp_path / "more" / "copy.png").write_bytes((source / "scans" / "receipt_000.png").read_bytes())
    result = run(
        app,
        ["data", "merge", str(source), str(tmp_path / "more"), "--out", str(tmp_path / "all"), "--no-near"],
    )
    assert result.exit_code == 0, result.output
    assert "1 copies dropped, 0 names changed" in result.output
    assert len(json.loads((tmp_path / "all" / "annotations.json").read_text())) == 31


def test_merge_refuses_leaks(source: Path, tmp_path: Path) -> None:
    for name, split in (("one", "train"), ("two", "test")):
        page(tmp_path / name / split / "a.png", 1)
    call = ["data", "merge", str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path / "all")]
    assert isinstance(run(app, call).exception, LeakageError)
    assert not (tmp_path / "all").exists()
    assert run(app, [*call, "--again", "80/10/10"]).exit_code == 0


@pytest.mark.parametrize("name", ["annotations", "jsonl", "parquet", "webdataset", "imagefolder", "saved"])
def test_convert_to_every_format(name: str, source: Path, tmp_path: Path) -> None:
    result = run(app, ["data", "convert", str(source), str(tmp_path / "out"), "--to", name])
    assert result.exit_code == 0, result.output
    assert f"30 documents → {tmp_path / 'out'} ({name})" in result.output.replace("\n", "")
    assert run(app, ["data", "check", str(tmp_path / "out"), "--no-near"]).exit_code == 0


def test_convert_never_overwrites_unasked(source: Path, tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_text("mine")
    call = ["data", "convert", str(source), str(tmp_path / "set.parquet")]
    assert isinstance(run(app, call).exception, OutputError)
    assert (tmp_path / "set.parquet").read_text() == "mine"
    assert run(app, [*call, "--replace"]).exit_code == 0


def test_stats_as_table_json_and_plot(source: Path, tmp_path: Path) -> None:
    result = run(app, ["data", "stats", str(source), "--plot", str(tmp_path / "mix.png")])
    assert result.exit_code == 0, result.output
    assert all(word in result.output for word in ("33.3%", "balanced", "saas 30", "with trusted text"))
    with Image.open(tmp_path / "mix.png") as image:
        assert image.width > 800
    found = json.loads(run(app, ["data", "stats", str(source), "--json"]).output)
    assert (found["documents"], found["balanced"], found["businesses"]) == (30, True, {"saas": 30})


def test_errors_are_sentences(tmp_path: Path) -> None:
    for call in (
        ["stats", "nowhere"],
        ["convert", "nowhere", "x"],
        ["split", "nowhere", "x", "--shares", "1"],
    ):
        assert isinstance(run(app, ["data", *call]).exception, RectoError)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from recto.cli import main; main()",
            "data",
            "stats",
            str(tmp_path / "nowhere"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
