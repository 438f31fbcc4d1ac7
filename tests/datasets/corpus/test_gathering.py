"""What paths mean: datasets as such, loose documents with the text beside them, and what is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recto.datasets.corpus.gathering import Filing, gather

Samples = dict[str, bytes]


@pytest.fixture
def scans(tmp_path: Path, samples: Samples) -> Path:
    """receipt_1.jpg with its text, scan_2.png without, letter_3.pdf of two pages."""
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "receipt_1.jpg").write_bytes(samples["photo.jpg"])
    (folder / "receipt_1.txt").write_text("Größe 12,50 €\n", encoding="utf-8-sig")
    (folder / "scan_2.png").write_bytes(samples["scan.png"])
    (folder / "letter_3.pdf").write_bytes(samples["letter.pdf"])
    return folder


def test_loose_documents_and_the_text_beside_them(scans: Path) -> None:
    reading = gather([str(scans)], Filing())
    assert reading.problems == []
    assert [(e.image, e.text, e.category, e.business) for e in reading.examples] == [
        ("letter_3.pdf", None, "letter", None),
        ("receipt_1.jpg", "Größe 12,50 €\n", "receipt", None),
        ("scan_2.png", None, "other", None),
    ]


@pytest.mark.parametrize("pattern", ["*", "*.*", "receipt_1.*"])
def test_a_glob_that_names_texts_too(pattern: str, scans: Path) -> None:
    by_shell = gather([str(path) for path in sorted(scans.glob(pattern))], Filing())
    by_us = gather([str(scans / pattern)], Filing())
    assert by_shell.problems == [] and by_shell.examples
    assert {e.text for e in by_us.examples} == {e.text for e in by_shell.examples}


def test_pages_parted_by_form_feeds(scans: Path) -> None:
    (scans / "letter_3.txt").write_text("one\f\n\f")
    pages = [e for e in gather([str(scans)], Filing()).examples if e.image == "letter_3.pdf"]
    assert [(e.page, e.text) for e in pages] == [(1, "one"), (2, None)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"all of it", "has 2 pages, this has 1 text"),
        (b"1\f2\f3", "has 2 pages, this has 3 texts"),
        (b" \n", "the text is empty"),
        (b"\xff\xfe1", "no UTF-8"),
    ],
)
def test_texts_that_dont_fit_are_told_and_nothing_is_guessed(text: bytes, problem: str, scans: Path) -> None:
    (scans / "letter_3.txt").write_bytes(text)
    reading = gather([str(scans)], Filing())
    assert problem in reading.problems[0].what
    assert reading.problems[0].file.endswith("letter_3.txt")
    assert [e.image for e in reading.examples] == ["receipt_1.jpg", "scan_2.png"]


def test_category_and_business(scans: Path, folder: Path) -> None:
    reading = gather([str(scans), str(folder)], Filing("tax_form", "saas"))
    assert {e.category for e in reading.examples[:3]} == {"tax_form"}
    assert [e.category for e in reading.examples[3:5]] == ["receipt", "receipt"]
    assert [e.business for e in reading.examples].count("ecommerce") == 1
    assert [e.business for e in reading.examples].count("saas") == 7


def test_a_stated_category_stands_above_what_names_say(scans: Path, folder: Path) -> None:
    entries = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    del entries[0]["category"]  # the name says receipt
    entries[1]["category"] = "other"  # which says that it is of none
    entries = [entry for entry in entries if entry["image"] != "train/invoice_005.png"]
    (folder / "annotations.json").write_text(json.dumps(entries), encoding="utf-8")

    def told(category: str | None) -> dict[str, tuple[str, bool]]:
        reading = gather([str(folder)], Filing(category))
        return {Path(e.image).stem: (e.category, e.category_guessed) for e in reading.examples}

    assert told("contract") == {
        "receipt_001": ("contract", False),
        "receipt_002": ("contract", False),
        "receipt_003": ("receipt", False),
        "invoice_004": ("invoice", False),
        "invoice_005": ("contract", False),  # no entry names it
    }
    assert told(None) == {
        "receipt_001": ("receipt", True),
        "receipt_002": ("other", True),
        "receipt_003": ("receipt", False),
        "invoice_004": ("invoice", False),
        "invoice_005": ("invoice", True),
    }
    loose = gather([str(scans)], Filing()).examples + gather([str(scans)], Filing("contract")).examples
    assert [e.category_guessed for e in loose] == [True] * 3 + [False] * 3


def test_datasets_among_loose_documents_keep_their_annotations(scans: Path, folder: Path) -> None:
    (scans / "deep").mkdir()
    shutil.move(folder, scans / "deep" / "set")
    reading = gather([str(scans)], Filing())
    assert len(reading.examples) == 8
    assert {e.text for e in reading.examples} >= {"two", "three", "Größe 12,50 €\n"}


def test_split_folders_count(scans: Path, samples: Samples) -> None:
    (scans / "test").mkdir()
    (scans / "test" / "a.jpg").write_bytes(samples["photo.jpg"])
    splits = {e.image: e.split for e in gather([str(scans)], Filing()).examples}
    assert splits["test/a.jpg"] == "test"
    assert splits["scan_2.png"] is None


def test_every_problem_is_told_beside_what_is_right(scans: Path, folder: Path, tmp_path: Path) -> None:
    entries = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    entries[0]["text"] = 7
    del entries[1]["image"]
    (folder / "annotations.json").write_text(json.dumps(entries), encoding="utf-8")
    (tmp_path / "pairs.jsonl").write_text('{"input": "x", "output": "{}"}\n')
    (tmp_path / "notes.txt").write_text("no document stands beside these")
    (tmp_path / "empty").mkdir()
    paths = [str(folder), "nowhere", str(tmp_path / "pairs.jsonl"), str(tmp_path / "notes.txt")]
    reading = gather([*paths, str(tmp_path / "empty"), str(scans)], Filing())
    told = "\n".join(str(problem) for problem in reading.problems)
    for words in ("annotations.json:1: text", "annotations.json:2: image", "nowhere: there is no such file"):
        assert words in told
    for words in ("extraction pairs", "notes.txt", "empty: no documents in there"):
        assert words in told
    assert len(reading.examples) == 3 + 1 + 3  # the unlisted image of entry 2 comes without text


def test_what_is_left_out(scans: Path) -> None:
    (scans / "blobs").mkdir()
    shutil.copy(scans / "receipt_1.jpg", scans / "blobs" / "abcdef")
    assert len(gather([str(scans)], Filing()).examples) == 4
    assert len(gather([str(scans)], Filing(leave_out=(scans / "blobs",))).examples) == 3


def test_both_kinds_of_annotations_at_once_is_a_problem(scans: Path, make_pdf: Callable[..., bytes]) -> None:
    for name in ("annotations.json", "annotations.jsonl"):
        (scans / name).write_text("[]")
    reading = gather([str(scans)], Filing())
    assert "both annotations.json and annotations.jsonl" in reading.problems[0].what
    assert reading.examples == []
