"""`recto read`: what is written where, what is refused, and that a run goes on past bad files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.errors import RectoError

Samples = dict[str, bytes]


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(verbs.app, ["read", *map(str, arguments), "--engine", "fake"])
    if result.exception and not isinstance(result.exception, (SystemExit, RectoError)):
        raise result.exception
    return result


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def scans(tmp_path: Path, samples: Samples) -> Path:
    folder = tmp_path / "scans"
    for name in ("one/photo.jpg", "two/photo.jpg", "letter.pdf", "scan.tif"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples[path.name])
    return folder


def test_json_lines_have_the_documented_keys(scans: Path) -> None:
    done = run(scans)
    assert done.exit_code == 0, done.stderr
    pages = objects(done.stdout)
    names = [f"{Path(str(p['document'])).name} {p['page']}" for p in pages]
    assert names == [
        "letter.pdf 1", "letter.pdf 2", "scan.tif 1", "scan.tif 2", "photo.jpg 1", "photo.jpg 1",
    ]  # fmt: skip
    assert set(pages[0]) >= {
        "document",
        "page",
        "text",
        "lines",
        "engine",
        "finish",
        "seconds",
        "sha256",
        "dpi",
    }


@pytest.mark.parametrize(
    ("form", "separator"), [("text", "==> {}, page 2 <=="), ("markdown", "<!-- {}, page 2 -->")]
)
def test_text_on_stdout_names_each_page(scans: Path, form: str, separator: str) -> None:
    path = scans / "letter.pdf"
    done = run(path, "--format", form)
    assert done.exit_code == 0
    assert separator.format(path) in done.stdout.splitlines()


def test_a_folder_gets_the_journal_and_one_file_per_document(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(scans, "--out", out, "--format", "text", "--overlay")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert "6 pages of 4 documents" in done.stderr
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()) == [
        "letter.pdf.page-0001.png", "letter.pdf.page-0002.png", "letter.pdf.txt",
        "one/photo.jpg.page-0001.png", "one/photo.jpg.txt",
        "scan.tif.page-0001.png", "scan.tif.page-0002.png", "scan.tif.txt",
        "transcripts.jsonl",
        "two/photo.jpg.page-0001.png", "two/photo.jpg.txt",
    ]  # fmt: skip
    assert len(objects((out / "transcripts.jsonl").read_text())) == 6
    with Image.open(out / "scan.tif.page-0002.png") as overlay:
        assert overlay.size == (30, 50)


@pytest.mark.parametrize(
    ("form", "names", "holds"),
    [
        ("alto", {"letter.pdf.alto.xml", "scan.tif.alto.xml"}, b"<PrintSpace"),
        ("hocr", {"letter.pdf.hocr", "scan.tif.hocr"}, b"ocr_page"),
        ("pdf", {"letter.pdf.searchable.pdf", "scan.tif.searchable.pdf"}, b"%PDF-"),
        (
            "page",
            {f"{name}.page-000{n}.xml" for name in ("letter.pdf", "scan.tif") for n in (1, 2)},
            b"<Page ",
        ),
    ],
)
def test_formats_of_other_programs(
    form: str, names: set[str], holds: bytes, scans: Path, tmp_path: Path
) -> None:
    done = run(scans / "letter.pdf", scans / "scan.tif", "--out", tmp_path / "out", "--format", form)
    assert done.exit_code == 0, done.stderr
    files = [path for path in (tmp_path / "out").iterdir() if path.name != "transcripts.jsonl"]
    assert {path.name for path in files} == names
    assert all(holds in path.read_bytes() for path in files)


def test_a_run_goes_on_past_bad_files(scans: Path, tmp_path: Path, samples: Samples) -> None:
    (scans / "cut.jpg").write_bytes(samples["photo.jpg"][:300])
    (scans / "empty.pdf").write_bytes(b"")
    (scans / "half.tif").write_bytes(samples["scan.tif"][:-2000])
    out = tmp_path / "out"
    done = run(scans, tmp_path / "missing.png", "--out", out, "--format", "text")
    assert done.exit_code == 1
    assert "4 of 8 documents failed" in done.stderr
    for name in ("cut.jpg", "empty.pdf", "half.tif", "missing.png"):
        assert name in done.stderr
        assert not list(out.rglob(f"{name}*"))
    assert not list(out.rglob("*.part"))
    assert (out / "scans" / "letter.pdf.txt").exists() or (out / "letter.pdf.txt").exists()


def test_pages_are_chosen(make_pdf: Callable[..., bytes], tmp_path: Path) -> None:
    (tmp_path / "book.pdf").write_bytes(make_pdf(9))
    done = run(tmp_path / "book.pdf", "--pages", "2,4-5,8-")
    assert [page["page"] for page in objects(done.stdout)] == [2, 4, 5, 8, 9]
    done = run(tmp_path / "book.pdf", "--pages", "20-")
    assert done.exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.jpg"],
        ["*.bmp"],
        ["letter.pdf", "--engine", "none-such"],
        ["letter.pdf", "--resume"],
        ["letter.pdf", "--overlay"],
        ["letter.pdf", "--pages", "0"],
        ["letter.pdf", "--pages", "5-2"],
        ["letter.pdf", "--pages", "x"],
        ["letter.pdf", "--dpi", "1"],
        ["letter.pdf", "--max-pixels", "0"],
        ["letter.pdf", "--format", "xml"],
        ["letter.pdf", "--format", "pdf"],
        ["letter.pdf", "--out", "letter.pdf"],
        ["letter.pdf", "--out", "."],
        ["letter.pdf", "--model", "nowhere"],
    ],
)
def test_calls_that_cant_work(scans: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.chdir(scans)
    before = sorted(scans.rglob("*"))
    result = CliRunner().invoke(verbs.app, ["read", "--engine", "fake", *arguments])
    ours = isinstance(result.exception, RectoError)  # main() turns it into exit code 2
    assert ours or result.exit_code == 2
    assert sorted(scans.rglob("*")) == before


def test_results_are_never_mixed(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(scans, "--out", out, "--dpi", "100").exit_code == 0
    before = (out / "transcripts.jsonl").read_bytes()
    for options in ((), ("--resume", "--dpi", "150")):
        refused = run(scans, "--out", out, *options)
        assert isinstance(refused.exception, RectoError)
        assert refused.exception.hint
    assert (out / "transcripts.jsonl").read_bytes() == before


def test_resume_reads_nothing_twice_and_derives_what_is_missing(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(scans, "--out", out, "--pages", "1")
    journal = out / "transcripts.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"document": "torn')
    done = run(scans, "--out", out, "--resume", "--format", "markdown")
    assert done.exit_code == 0, done.stderr
    assert "2 pages of 4 documents" in done.stderr
    assert "4 were finished before" in done.stderr
    pages = objects((out / "transcripts.jsonl").read_text())
    assert len({(p["document"], p["page"]) for p in pages}) == len(pages) == 6
    assert len(list(out.rglob("*.md"))) == 4
    again = run(scans, "--out", out, "--resume")
    assert "0 pages of 4 documents" in again.stderr


def test_another_document_of_the_same_name_overwrites_nothing(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (scans / "two" / "photo.jpg").write_bytes((scans / "one" / "photo.jpg").read_bytes() + b"more")
    run(scans / "one" / "photo.jpg", "--out", out, "--format", "text")
    before = {path: path.read_bytes() for path in out.iterdir()}
    for _ in range(2):
        refused = run(scans / "two" / "photo.jpg", "--out", out, "--format", "text", "--resume")
        assert refused.exit_code == 1
        assert "another document" in refused.stderr
        assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_a_document_that_changed_meanwhile_is_told(scans: Path, tmp_path: Path, samples: Samples) -> None:
    out = tmp_path / "out"
    run(scans, "--out", out)
    (scans / "scan.tif").write_bytes(samples["packed.tif"])
    done = run(scans, "--out", out, "--resume")
    assert done.exit_code == 1
    assert "scan.tif" in done.stderr and "changed" in done.stderr


def test_results_inside_the_folder_that_is_read(scans: Path) -> None:
    out = scans / "out"
    assert run(scans, "--out", out, "--overlay").exit_code == 0
    done = run(scans, "--out", out, "--resume")
    assert "of 4 documents" in done.stderr


def test_limits_are_flags(scans: Path) -> None:
    done = run(scans / "letter.pdf", "--max-pixels", "1000")
    assert done.exit_code == 1
    assert "--dpi" in done.stderr and "max_pixels" in done.stderr


def test_help_has_examples() -> None:
    text = CliRunner().invoke(verbs.app, ["read", "--help"]).stdout
    assert "recto read receipt.jpg --format text" in text
