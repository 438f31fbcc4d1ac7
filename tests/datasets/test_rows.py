"""Entries of annotation files: what is taken, what is refused, and that everything is said at once."""

import json
from pathlib import Path

import pytest

from recto.datasets.loading import load_dataset, read_dataset
from recto.errors import AnnotationError, DatasetError, RectoError


def write(folder: Path, *entries: object, name: str = "annotations.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(json.dumps(e) for e in entries), encoding="utf-8")
    return folder


REFUSED = {
    "absolute": ({"image": "/etc/passwd"}, "is absolute"),
    "home": ({"image": "~/secret.png"}, "is absolute"),
    "drive": ({"image": "C:\\secret.png"}, "is absolute"),
    "share": ({"image": "\\\\host\\secret.png"}, "is absolute"),
    "climbs": ({"image": "../../etc/passwd"}, "leads out of the dataset's folder"),
    "climbs later": ({"image": "train/../../a.png"}, "leads out"),
    "climbs on Windows": ({"image": "train\\..\\..\\a.png"}, "leads out"),
    "no image": ({"text": "a"}, "image: field required"),
    "image is a number": ({"image": 5}, "image: input should be a valid string"),
    "image is blank": ({"image": "  "}, "is no file name"),
    "image with NUL": ({"image": "a\0b.png"}, "is no file name"),
    "missing file": ({"image": "nowhere.png"}, "image file 'nowhere.png' is missing"),
    "folder": ({"image": "sub"}, "is missing"),
    "text is a list": ({"image": "a.png", "text": ["a"]}, "text: input should be a valid string"),
    "box of three": ({"image": "a.png", "lines": [{"text": "a", "box": [1, 2, 3]}]}, "lines[1].box"),
    "box of words": ({"image": "a.png", "lines": [{"text": "a", "box": [1, 2, 3, "4"]}]}, "lines[1].box[4]"),
    "box too far": ({"image": "a.png", "lines": [{"text": "a", "box": [0, 0, 1e9, 1]}]}, "lines[1].box[3]"),
    "confidence": (
        {"image": "a.png", "lines": [{"text": "a", "box": [0, 0, 1, 1], "confidence": 2}]},
        "confidence",
    ),
    "page 0": ({"image": "a.png", "page": 0}, "page:"),
    "page true": ({"image": "a.png", "page": True}, "page:"),
    "split": ({"image": "a.png", "split": "holdout"}, "splits are train, val and test"),
    "case": ({"image": "a.png", "case": "lower"}, "case:"),
    "fields": ({"image": "a.png", "fields": ["total"]}, "fields:"),
    "not an object": ([1, 2], "an entry must be an object"),
}


@pytest.mark.parametrize(("entry", "message"), REFUSED.values(), ids=REFUSED)
def test_what_an_entry_may_not_be(entry: object, message: str, tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "a.png")  # type: ignore[operator]
    (tmp_path / "sub").mkdir()
    write(tmp_path, entry)
    with pytest.raises(AnnotationError) as caught:
        load_dataset(tmp_path)
    assert message in caught.value.what
    assert "annotations.jsonl:1: " in caught.value.what


BROKEN_LINES = {
    '{"image": "a.png", "scale": NaN}': "NaN is no number",
    '{"image": "a.png", "scale": 1e999}': "is too large",
    '{"image": "a.png", "scale": -Infinity}': "is no number",
    '{"image": "a.png", "image": "b.png"}': "is given twice",
    '{"image": "a.png", "text": "\\ud800"}': "half a character",
    '{"image": "a.png"': "no valid JSON",
    '{"image": "a.png", "deep": ' + "[" * 100 + "]" * 100 + "}": "nested deeper",
    '{"image": "a.png", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}": "nested deeper",
    '{"image": "a.png", "big": ' + "9" * 5000 + "}": "digits",
}


@pytest.mark.parametrize(("line", "message"), BROKEN_LINES.items(), ids=BROKEN_LINES.values())
def test_json_that_could_not_be_written_again(line: str, message: str, tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "a.png")  # type: ignore[operator]
    (tmp_path / "annotations.jsonl").write_text("\n" + line, encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        load_dataset(tmp_path)
    assert message in caught.value.what
    assert "annotations.jsonl:2: " in caught.value.what


def test_all_problems_are_told_at_once(tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "a.png")  # type: ignore[operator]
    write(tmp_path, *[{"image": f"no{n}.png", "page": 0} for n in range(30)], {"image": "a.png"})
    reading = read_dataset(tmp_path)
    assert [problem.row for problem in reading.problems] == [str(n) for n in range(1, 31)]
    assert len(reading.examples) == 1
    with pytest.raises(AnnotationError) as caught:
        load_dataset(tmp_path)
    assert "30 problems" in caught.value.what
    assert "… and 10 more" in caught.value.what
    assert "recto data check" in caught.value.hint


def test_several_mistakes_of_one_entry(tmp_path: Path) -> None:
    write(tmp_path, {"page": 0, "text": 5})
    (problem,) = read_dataset(tmp_path).problems
    assert all(word in problem.what for word in ("image:", "text:", "page:"))


def test_a_link_that_leads_out_is_refused(tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "private.png")  # type: ignore[operator]
    folder = write(tmp_path / "set", {"image": "a.png"})
    (folder / "a.png").symlink_to(tmp_path / "private.png")
    with pytest.raises(AnnotationError, match="a link that leads out"):
        load_dataset(folder)


def test_byte_order_mark_carriage_returns_and_blank_lines(tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "a.png")  # type: ignore[operator]
    line = '{"image": "a.png", "text": "ä"}'
    (tmp_path / "annotations.jsonl").write_bytes(f"\ufeff{line}\r\n\r\n{line}\r\n".encode())
    examples = load_dataset(tmp_path).examples
    assert [(e.text, e.origin.rpartition(":")[2]) for e in examples] == [("ä", "1"), ("ä", "3")]


def test_latin_1_is_refused_with_its_row(tmp_path: Path) -> None:
    (tmp_path / "annotations.jsonl").write_bytes('{"image": "ü.png"}'.encode("latin-1"))
    with pytest.raises(AnnotationError, match=r"annotations\.jsonl:1: byte 11 of the line is no UTF-8"):
        load_dataset(tmp_path)


def test_files_without_an_entry_take_what_their_name_says(folder: Path, draw: object) -> None:
    draw(folder / "test" / "tax_form_007.png")  # type: ignore[operator]
    draw(folder / "drafts" / "receipt_9.png")  # type: ignore[operator]
    (new,) = load_dataset(folder).examples[5:]
    assert (new.image, new.category, new.split, new.text) == (
        "test/tax_form_007.png",
        "tax_form",
        "test",
        None,
    )


def test_an_entry_with_a_problem_still_names_its_file(folder: Path) -> None:
    entries = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    entries[0]["page"] = 0
    (folder / "annotations.json").write_text(json.dumps(entries), encoding="utf-8")
    reading = read_dataset(folder)
    assert len(reading.examples) == 4
    assert len(reading.problems) == 1


def test_a_plain_folder_of_documents(tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "val" / "invoice-12.png")  # type: ignore[operator]
    draw(tmp_path / "IMG_2033.png")  # type: ignore[operator]
    draw(tmp_path / ".hidden" / "a.png")  # type: ignore[operator]
    found = {e.image: (e.category, e.split) for e in load_dataset(tmp_path).examples}
    assert found == {"val/invoice-12.png": ("invoice", "val"), "IMG_2033.png": ("other", None)}


NOT_A_DATASET = {
    "nothing": (None, "there is no such file"),
    "empty.jsonl": (b"", "the file is empty"),
    "notes.txt": (b"hello", "is no dataset that recto knows"),
    "annotations.json": (b'{\n"image": "a.png"}', "list of entries"),
    "list.json": (b"[1, 2", "no valid JSON"),
    "set.parquet": (b"PAR1 and nothing else", "no Parquet file"),
    "set.tar": (b"x" * 600, "the archive can't be read"),
    "pairs.jsonl": (b'{"input": "OCR_TEXT:\\na", "output": "{}"}', "no page images"),
    "none.json": (b"[]", "there are no documents"),
}


@pytest.mark.parametrize(
    ("name", "content", "message"), [(n, *v) for n, v in NOT_A_DATASET.items()], ids=NOT_A_DATASET
)
def test_what_is_no_dataset(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        load_dataset(tmp_path / name)
    assert message in f"{caught.value}"
    assert name in str(caught.value)


def test_two_annotation_files_are_one_too_many(folder: Path) -> None:
    (folder / "annotations.jsonl").write_text("{}")
    with pytest.raises(DatasetError, match="both"):
        load_dataset(folder)


def test_errors_are_ours(tmp_path: Path) -> None:
    with pytest.raises(RectoError):
        load_dataset(tmp_path)
