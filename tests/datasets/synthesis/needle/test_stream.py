"""Synthetic documents: the same for a seed, exact in text and boxes, honest in their sums and splits."""

import io
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.datasets.loading import load_dataset
from recto.datasets.synthesis.folder import write_folder
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.needle.stream import needle_print
from recto.errors import DatasetError, OutputError


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(needle_print(12, 7))


def pixels(example: Example) -> np.ndarray:
    assert isinstance(example.source, bytes)
    return np.asarray(Image.open(io.BytesIO(example.source)).convert("L"), np.float32)


def test_the_same_seed_makes_the_same_bytes(examples: list[Example]) -> None:
    again = needle_print(12, 7)
    assert [next(again) for _ in range(3)] == examples[:3]
    assert next(needle_print(12, 8)).source != examples[0].source


def test_it_streams() -> None:
    assert next(needle_print(10**9, 1)).text


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (-3, 1), (5, -1)])
def test_impossible_wishes_are_refused_at_once(count: int, seed: int) -> None:
    with pytest.raises(DatasetError, match="can't make"):
        needle_print(count, seed)


def test_vendors_never_cross_splits(examples: list[Example]) -> None:
    splits = defaultdict(set)
    for example in examples:
        splits[example.group].add(example.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {example.split for example in examples} == {"train", "val", "test"}


@pytest.mark.parametrize("count", [1, 3, 9])
def test_any_count_is_made(count: int) -> None:
    images = [example.image for example in needle_print(count, 3, kind=Kind.RECEIPT)]
    assert len(set(images)) == count


def test_text_is_its_lines_in_rows(examples: list[Example]) -> None:
    for example in examples:
        assert example.text is not None and example.lines is not None
        assert sorted(example.text.split()) == sorted(" ".join(line.text for line in example.lines).split())
        assert all(row.strip() == row and row for row in example.text.split("\n"))


def test_boxes_are_on_the_page_and_hold_ink(examples: list[Example]) -> None:
    for example in examples:
        image = pixels(example)
        paper = np.median(image)
        for line in example.lines or ():
            x0, y0, x1, y1 = (round(value) for value in line.box)
            assert 0 <= x0 < x1 <= image.shape[1] and 0 <= y0 < y1 <= image.shape[0]
            assert image[y0:y1, x0:x1].min() < paper - 25, (example.image, line.text)


def test_boxes_hold_all_the_ink() -> None:
    """Paper outside the boxes is as even as paper: what is dark out there are the ruled lines only."""
    for example in needle_print(5, 11, kind=Kind.RECEIPT):
        image = pixels(example)
        width = image.shape[1]
        dark = image < np.median(image) * 0.62
        inside = np.zeros_like(dark)
        for line in example.lines or ():
            x0, y0, x1, y1 = line.box
            inside[max(int(y0) - 1, 0) : int(y1) + 2, max(int(x0) - 1, 0) : int(x1) + 2] = True
        outside_rows = (dark & ~inside).sum(axis=1)
        assert (outside_rows > 0.02 * width).mean() < 0.1


def test_fields_stand_in_the_text(examples: list[Example]) -> None:
    for example in examples:
        flat = " ".join((example.text or "").split())
        for name, value in (example.fields or {}).items():
            if name in ("address",):  # may be broken over two rows
                assert set(re.split(r"\W+", str(value))) <= set(re.split(r"\W+", flat))
            else:
                assert str(value) in flat, (example.image, name)


def test_sums_are_right() -> None:
    for example in needle_print(5, 5, kind=Kind.INVOICE):
        fields = {name: str(value) for name, value in (example.fields or {}).items()}
        cents = {name: int(re.sub(r"\D", "", fields[name])) for name in ("net_total", "tax_total", "total")}
        assert cents["net_total"] + cents["tax_total"] == cents["total"]


def test_a_folder_is_written_whole(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "data"
    assert write_folder(needle_print(8, 2), folder) == 8
    entries = json.loads((folder / "annotations.json").read_text("utf-8"))
    assert [entry["image"] for entry in entries] == [example.image for example in needle_print(8, 2)]
    assert all((folder / entry["image"]).is_file() for entry in entries)
    assert {entry["split"] for entry in entries} == {path.name for path in folder.iterdir() if path.is_dir()}
    assert list(folder.parent.iterdir()) == [folder]


def test_a_written_folder_loads_as_what_was_made(tmp_path: Path) -> None:
    write_folder(needle_print(8, 2), tmp_path / "data")
    made = {example.image: example for example in needle_print(8, 2)}
    for example in load_dataset(tmp_path / "data").examples:
        original = made[example.image]
        assert (example.text, example.split, example.group) == (original.text, original.split, original.group)
        assert example.fields == original.fields
        assert [line.text for line in example.lines or ()] == [line.text for line in original.lines or ()]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(OutputError, match="something is there"):
        write_folder(needle_print(1, 1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
