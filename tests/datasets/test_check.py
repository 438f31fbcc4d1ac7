"""Checking: every kind of problem, with its file and row."""

import json
from pathlib import Path

import pytest

from recto.datasets.check import Check, check
from recto.datasets.loading import load_dataset, read_dataset
from recto.datasets.scanning import scan


def checked(path: Path) -> Check:
    reading = read_dataset(path)
    return check(reading, scan(reading.examples), path)


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    (folder / "annotations.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def said(result: Check) -> list[tuple[str, str, str]]:
    return [(problem.level, problem.row, problem.what) for problem in result.problems]


def test_a_clean_set_has_no_problems(folder: Path) -> None:
    result = checked(folder)
    assert said(result) == []
    assert (result.examples, result.without_text, result.new_categories) == (5, 1, ())
    assert result.splits == {"test": 1, "train": 3, "val": 1}


def test_every_problem_at_once(tmp_path: Path, draw: object) -> None:
    draw(tmp_path / "a.png", seed=1)  # type: ignore[operator]
    draw(tmp_path / "b.png", seed=2)  # type: ignore[operator]
    draw(tmp_path / "test" / "c.png", seed=3)  # type: ignore[operator]
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "a.png").read_bytes()[:500])
    (tmp_path / "copy.png").write_bytes((tmp_path / "a.png").read_bytes())
    rows: list[dict[str, object]] = [
        {"image": "a.png", "text": "a", "category": "receipt", "split": "train"},
        {"image": "missing.png"},
        {"image": "broken.jpg", "text": "x", "category": "poster"},
        {"image": "b.png", "text": " ", "category": "receipt"},
        {"image": "copy.png", "text": "b", "category": "receipt", "split": "test"},
        {"image": "test/c.png", "text": "c", "category": "receipt", "split": "val", "lines": [
            {"text": "far", "box": [0, 0, 900, 10]}, {"text": "flat", "box": [5, 5, 5, 9]},
        ]},
    ]  # fmt: skip
    result = checked(write(tmp_path, rows))
    assert said(result) == [
        ("error", "2", "image file 'missing.png' is missing"),
        ("error", "3", said(result)[1][2]),
        ("error", "4", "the text is empty"),
        ("error", "6", "1 box (“far”) outside the page of 240 × 320 px"),
        ("error", "5", "leak: a.png (train) and copy.png (test): the same document"),
        ("warning", "6", "it stands in folder test/ and says split val; the entry counts"),
        ("warning", "6", "1 box (“flat”) without width or height"),
        ("warning", "5", "the same document as a.png, with another text"),
    ]
    assert result.new_categories == ("poster",)
    assert (result.exact_duplicates, result.leaks, result.count("error")) == (1, 1, 5)
    assert json.loads(json.dumps(result.to_json()))["errors"] == 5


def test_look_alikes_across_a_split_are_a_leak(tmp_path: Path, draw: object) -> None:
    from PIL import Image

    draw(tmp_path / "a.png", seed=1, rows=40, size=(600, 900))  # type: ignore[operator]
    with Image.open(tmp_path / "a.png") as image:
        image.save(tmp_path / "b.jpg", quality=40)
    rows: list[dict[str, object]] = [
        {"image": "a.png", "text": "a", "split": "train"},
        {"image": "b.jpg", "text": "a", "split": "test"},
    ]
    result = checked(write(tmp_path, rows))
    assert [what.split(" (0")[0] for _, _, what in said(result)] == [
        "leak: a.png (train) and b.jpg (test): look alike",
        f"looks like a.png (likeness {result.problems[1].what[-5:-1]})",
    ]


def test_a_document_of_many_pages_wants_a_page(tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.new("RGB", (60, 40), colour) for colour in ("white", "red")]
    pages[0].save(tmp_path / "contract_1.pdf", save_all=True, append_images=pages[1:])
    result = checked(write(tmp_path, [{"image": "contract_1.pdf", "text": "a"}]))
    assert said(result) == [
        ("warning", "1", "the document has 2 pages and the entry says no `page`: it means page 1")
    ]
    both = [{"image": "contract_1.pdf", "text": "a", "page": page} for page in (1, 2, 3)]
    result = checked(write(tmp_path, both))
    assert said(result) == [("error", "3", "there is no page 3: the document has 2 pages")]


def test_page_is_a_label_where_there_is_one_image(folder: Path) -> None:
    first = load_dataset(folder).examples[0]
    assert first.page == 7
    assert scan([first])[0].error is None


@pytest.mark.parametrize("name", ["tax_forms", "invoices"])
def test_real_sets_are_clean(name: str) -> None:
    path = Path(__file__).parents[2].parent / "shared" / "data" / name
    if not path.is_dir():
        pytest.skip(f"../shared/data/{name} is not here")
    reading = read_dataset(path)
    result = check(reading, scan(reading.examples[:12]), path)
    assert result.count("error") == 0
