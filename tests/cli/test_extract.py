"""`recto extract`: what is answered of what, what a folder gets, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.documents.journal import json_line
from recto.errors import RectoError
from recto.extraction.loading import load_schema
from recto.extraction.schema import BUILT_IN
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import write_tagger
from recto.extraction.texts import transcripts_of_text

Samples = dict[str, bytes]

RECEIPT = """Corner Shop Ltd
1 High Street
Date: 2019-03-01
Total:   EUR 12.00
Cash:   20.00
Change:   9.00
"""
SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "string", "x-recto": {"kind": "money", "role": "total"}}},
    "required": ["total"],
}


def run(*arguments: object) -> Result:
    words = ["extract", *map(str, arguments), "--engine", "fake"]
    result = CliRunner().invoke(verbs.app, words, env={"COLUMNS": "120", "NO_COLOR": "1"})
    if result.exception and not isinstance(result.exception, (SystemExit, RectoError)):
        raise result.exception
    return result


def answers(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "shop.txt"
    path.write_text(RECEIPT)
    return path


@pytest.fixture
def scans(tmp_path: Path, samples: Samples) -> Path:
    folder = tmp_path / "scans"
    for name in ("one/photo.jpg", "two/photo.jpg", "letter.pdf"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples[path.name])
    return folder


def test_an_answer_has_the_documented_keys(text: Path) -> None:
    done = run(text, "--schema", "receipt")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done.stdout)
    assert set(answer) == {
        "document", "sha256", "pages", "engine", "schema", "extractor", "values", "fields", "missing",
        "ungrounded", "unfit", "problems", "checks", "seconds",
    }  # fmt: skip
    assert answer["document"] == str(text)
    assert answer["extractor"] == "tagger, not trained (auto: no model is given)"
    values = answer["values"]
    assert isinstance(values, dict) and values["total"] == {"amount": "12.00", "currency": "EUR"}


def test_one_answer_per_document_whatever_its_pages(scans: Path) -> None:
    done = run(scans, "--schema", "receipt")
    assert done.exit_code == 0, done.stderr
    told = [(Path(str(one["document"])).name, one["pages"]) for one in answers(done.stdout)]
    assert told == [("letter.pdf", 2), ("photo.jpg", 1), ("photo.jpg", 1)]
    assert [one["missing"] for one in answers(done.stdout)] == [["vendor", "date", "total"]] * 3


def test_the_table_shows_what_is_wrong(text: Path) -> None:
    told = run(text, "--schema", "receipt", "--format", "table").stdout
    assert "by tagger, not trained" in told
    assert "12.00 EUR" in told
    assert "check cash_less_total_is_change failed" in told
    lacking = run(text, "--schema", "contract", "--format", "table").stdout
    assert "required, not found" in lacking


def test_a_table_obeys_no_document(tmp_path: Path) -> None:
    path = tmp_path / "evil.txt"
    path.write_text("Total:   EUR 12.00\n\x1b[31mShop [bold]Ltd\x1b[0m\n")
    told = run(path, "--schema", "receipt", "--format", "table").stdout
    assert "\x1b[31m" not in told


def test_transcripts_are_taken_as_they_are_read(tmp_path: Path) -> None:
    journal = tmp_path / "transcripts.jsonl"
    pages = [
        replace(page, document=name, engine="fake 1")
        for name in ("../up/b.jpg", "/a.jpg")
        for page in transcripts_of_text(f"{RECEIPT}\fsecond page", name)
    ]
    journal.write_bytes(b"".join(map(json_line, reversed(pages))))
    done = run(journal, "--schema", "receipt")
    told = [(one["document"], one["pages"], one["engine"]) for one in answers(done.stdout)]
    assert told == [("/a.jpg", 2, "fake 1"), ("../up/b.jpg", 2, "fake 1")]
    first = run(journal, "--schema", "receipt", "--pages", "2", "--out", tmp_path / "out")
    assert first.exit_code == 0, first.stderr
    written = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.json"))
    assert written == ["a.jpg.fields.json", "up/b.jpg.fields.json"]


def test_a_folder_gets_the_journal_and_the_fields_of_each_document(
    scans: Path, text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run(scans, text, "--schema", "receipt", "--out", out)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == [
        "scans/letter.pdf.fields.json", "scans/one/photo.jpg.fields.json", "scans/two/photo.jpg.fields.json",
        "shop.txt.fields.json", "transcripts.jsonl",
    ]  # fmt: skip
    assert json.loads((out / "shop.txt.fields.json").read_text())["values"]["date"] == "2019-03-01"
    assert len((out / "transcripts.jsonl").read_text().splitlines()) == 4


def test_resume_reads_nothing_twice_and_extracts_anew(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(scans / "letter.pdf", "--schema", "receipt", "--out", out, "--pages", "1")
    done = run(scans / "letter.pdf", "--schema", "contract", "--out", out, "--resume")
    assert done.exit_code == 0, done.stderr
    assert "1 pages (1 were read before)" in done.stderr
    answer = json.loads((out / "letter.pdf.fields.json").read_text())
    assert (answer["schema"], answer["pages"]) == ("contract", 2)
    refused = run(scans / "letter.pdf", "--schema", "contract", "--out", out)
    assert isinstance(refused.exception, RectoError)


def test_another_document_of_the_same_name_overwrites_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(f"{name} {RECEIPT}")
    out = tmp_path / "out"
    run(tmp_path / "one" / "a.txt", "--schema", "receipt", "--out", out)
    before = (out / "a.txt.fields.json").read_bytes()
    refused = run(tmp_path / "two" / "a.txt", "--schema", "receipt", "--out", out, "--resume")
    assert refused.exit_code == 1
    assert "another document" in refused.stderr
    assert (out / "a.txt.fields.json").read_bytes() == before


def test_a_run_goes_on_past_bad_files(scans: Path, text: Path, tmp_path: Path, samples: Samples) -> None:
    (scans / "cut.jpg").write_bytes(samples["photo.jpg"][:300])
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 \xff")
    (tmp_path / "no.jsonl").write_text("[]\n")
    bad = [tmp_path / name for name in ("empty.txt", "latin.txt", "no.jsonl", "missing.txt")]
    done = run(scans, text, *bad, "--schema", "receipt")
    assert done.exit_code == 1
    assert "5 of 9 documents failed" in done.stderr
    for name in ("cut.jpg", "empty.txt", "latin.txt", "no.jsonl:1", "missing.txt"):
        assert name in done.stderr
    assert len(answers(done.stdout)) == 4


def test_texts_in_a_folder_are_left_alone(scans: Path) -> None:
    (scans / "letter.pdf.txt").write_text(RECEIPT)
    done = run(scans, "--schema", "receipt")
    assert "1 other files" in done.stderr
    assert len(answers(done.stdout)) == 3


def test_a_picture_is_read_whatever_its_name(tmp_path: Path, samples: Samples) -> None:
    (tmp_path / "photo.txt").write_bytes(samples["photo.jpg"])
    (answer,) = answers(run(tmp_path / "photo.txt", "--schema", "receipt").stdout)
    assert answer["engine"] == "fake 1"


def test_a_document_with_too_many_values_is_named(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recto.extraction.candidates.MOST_CANDIDATES", 5)
    done = run(text, "--schema", "receipt")
    assert done.exit_code == 1
    assert f"{text}: more than 5 places in it could be vendor" in done.stderr.replace("\n", " ")


def test_lines_are_bounded(text: Path) -> None:
    done = run(text, "--schema", "receipt", "--max-lines", "3")
    assert done.exit_code == 1
    assert "max_lines" in done.stderr


def test_own_schemas_and_trained_taggers(text: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(SCHEMA))
    (answer,) = answers(run(text, "--schema", own).stdout)
    assert (answer["schema"], answer["values"]) == ("own", {"total": "12.00"})
    tagger = Tagger(load_schema("receipt"))
    write_tagger(tmp_path / "tagger", tagger, recipe={}, data_fingerprint="d", metrics={})
    (answer,) = answers(run(text, "--model", tmp_path / "tagger").stdout)
    assert answer["schema"] == "receipt"
    assert "not trained" not in answer["extractor"]
    other = run(text, "--model", tmp_path / "tagger", "--schema", own)
    assert isinstance(other.exception, RectoError)
    assert "another schema" in str(other.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ["shop.txt"],
        ["shop.txt", "--schema", "none-such"],
        ["shop.txt", "--schema", "shop.txt"],
        ["shop.txt", "--schema", "receipt", "--resume"],
        ["shop.txt", "--schema", "receipt", "--extractor", "magic"],
        ["shop.txt", "--schema", "receipt", "--model", "nowhere"],
        ["shop.txt", "--schema", "receipt", "--out", "out", "--format", "table"],
        ["shop.txt", "--schema", "receipt", "--pages", "7"],
        ["missing.txt", "--schema", "receipt"],
    ],
)
def test_calls_that_cant_work(text: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.chdir(text.parent)
    before = sorted(text.parent.rglob("*"))
    result = CliRunner().invoke(verbs.app, ["extract", "--engine", "fake", *arguments])
    ours = isinstance(result.exception, RectoError)  # main() turns it into exit code 2
    assert ours or result.exit_code == 2
    assert sorted(text.parent.rglob("*")) == before


def test_schemas_are_listed() -> None:
    told = CliRunner().invoke(verbs.app, ["extract", "--schemas"], env={"COLUMNS": "120"}).stdout
    for name in BUILT_IN:
        assert name in told
    assert "due_date" in told and "required" in told


def test_help_has_examples() -> None:
    told = CliRunner().invoke(verbs.app, ["extract", "--help"]).stdout
    assert "recto extract invoice.pdf --schema invoice" in told


def test_a_release_that_reads_extracts_nothing(text: Path, place: object) -> None:
    refused = run(text, "--schema", "receipt", "--model", "1")
    assert isinstance(refused.exception, RectoError)
    assert "extracts nothing" in str(refused.exception)
