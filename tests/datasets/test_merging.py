"""Merging, statistics, fingerprints, pairs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.datasets.loading import load_dataset
from recto.datasets.lookalikes import Lookalikes
from recto.datasets.merging import merge, resplit
from recto.datasets.mix_plot import draw_mix
from recto.datasets.pairs import PREFIX, read_pairs
from recto.datasets.scanning import Scan
from recto.datasets.splitting import Shares
from recto.datasets.statistics import measure
from recto.datasets.writing import write_dataset
from recto.errors import AnnotationError, DatasetError, LeakageError, SettingsError

NONE = Lookalikes((), 0)


def one(image: str, content: str, text: str | None = "text", **more: object) -> Scan:
    example = replace(Example(image, content.encode(), text, "receipt"), **more)  # type: ignore[arg-type]
    return Scan(example, sha256=content)


def test_copies_are_dropped_and_names_kept_apart() -> None:
    scans = [one("a.png", "1"), one("b.png", "2"), one("A.png", "3"), one("c.png", "1"), one("a.png", "4")]
    result = merge(scans, NONE, Path("out"))
    assert [e.image for e in result.dataset.examples] == ["a.png", "b.png", "A-2.png", "a-3.png"]
    assert (result.duplicates_dropped, result.renamed) == (1, 2)


def test_of_two_copies_the_one_with_text_stays_and_keeps_the_split() -> None:
    scans = [one("a.png", "1", None, split="test"), one("b.png", "1", "said")]
    (example,) = merge(scans, NONE, Path("out")).dataset.examples
    assert (example.text, example.split) == ("said", "test")


@pytest.mark.parametrize("splits", [(None, "test"), ("test", None), (None, None, "test"), ("test", "test")])
@pytest.mark.parametrize("texts", [("said", "said", "said"), ("said", None, None), (None, "said", None)])
def test_a_copy_in_the_test_split_keeps_the_page_in_it(
    texts: tuple[str | None, ...], splits: tuple[str | None, ...]
) -> None:
    scans = [one(f"{i}.png", "1", texts[i], split=split) for i, split in enumerate(splits)]
    (example,) = merge(scans, NONE, Path("out")).dataset.examples
    assert (example.text, example.split) == ("said", "test")


def test_pages_of_one_document_are_no_copies() -> None:
    scans = [replace(one("a.pdf", "1", page=page), page_count=3) for page in (1, 2, 2)]
    result = merge(scans, NONE, Path("out"))
    assert [e.page for e in result.dataset.examples] == [1, 2]
    assert {e.image for e in result.dataset.examples} == {"a.pdf"}


def test_leaks_between_sources_are_refused_or_split_anew() -> None:
    scans = [one("a.png", "1", split="train"), one("b.png", "1", split="test")]
    with pytest.raises(LeakageError, match=r"a\.png \(train\) and b\.png \(test\)"):
        merge(scans, NONE, Path("out"))
    again = merge(resplit(scans, NONE, Shares()), NONE, Path("out"))
    assert len(again.dataset.examples) == 1


def examples_of(**counts: int) -> list[Example]:
    return [Example("a", b"", "x" * 10, name) for name, count in counts.items() for _ in range(count)]


BALANCE = {
    "on target": ({"receipt": 40, "invoice": 30, "contract": 30}, True),
    "at the edge": ({"receipt": 50, "invoice": 20, "contract": 30}, True),
    "one beyond": ({"receipt": 51, "invoice": 19, "contract": 30}, False),
    "one missing": ({"receipt": 50, "invoice": 50}, False),
    "others crowd in": ({"receipt": 40, "invoice": 30, "contract": 30, "poster": 100}, False),
    "nothing": ({}, False),
}


@pytest.mark.parametrize(("counts", "balanced"), BALANCE.values(), ids=BALANCE)
def test_balance(counts: dict[str, int], balanced: bool) -> None:
    assert measure(examples_of(**counts)).balanced is balanced


def test_statistics(folder: Path, tmp_path: Path) -> None:
    found = measure(load_dataset(folder).examples)
    assert [(part.name, part.documents) for part in found.categories] == [
        ("receipt", 3),
        ("invoice", 2),
        ("contract", 0),
    ]
    assert found.businesses == {"none": 4, "ecommerce": 1}
    assert found.splits == {"train": 3, "test": 1, "val": 1}
    assert (found.with_text, found.with_lines, found.with_fields, found.lines) == (4, 1, 1, 2)
    assert found.characters is not None
    assert found.characters.total == 19 + 3 + 5 + 4
    assert json.loads(json.dumps(found.to_json()))["categories"][0]["share"] == 0.6
    for name in ("mix.png", "mix.svg"):
        draw_mix(found, tmp_path / name, title="a set")
        assert (tmp_path / name).stat().st_size > 5000
    with pytest.raises(SettingsError, match=r"\.png or \.svg"):
        draw_mix(found, tmp_path / "mix.pdf", title="a set")


def test_the_fingerprint_knows_what_counts(folder: Path) -> None:
    dataset = load_dataset(folder)
    examples = dataset.examples
    same = fingerprint(dataset)
    assert fingerprint(Dataset(examples[::-1], Path("elsewhere"))) == same
    renamed = replace(examples[0], image="other.png", origin="x", extra={})
    assert fingerprint(Dataset((renamed, *examples[1:]), dataset.root)) == same
    for change in ({"text": "b"}, {"split": "val"}, {"source": b"other"}, {"lines": None}, {"fields": {}}):
        other = replace(examples[0], **change)  # type: ignore[arg-type]
        assert fingerprint(Dataset((other, *examples[1:]), dataset.root)) != same, change
    assert fingerprint(Dataset((*examples, examples[0]), dataset.root)) != same


def test_pairs_there_and_back(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    write_dataset(dataset, tmp_path / "pairs.jsonl", "pairs")
    row = json.loads((tmp_path / "pairs.jsonl").read_text(encoding="utf-8"))
    assert row["input"] == PREFIX + "Größe 12,50 €\nTOTAL"
    assert json.loads(row["output"]) == dataset.examples[0].fields
    (pair,) = read_pairs(tmp_path / "pairs.jsonl")
    assert (pair.text, pair.fields) == (dataset.examples[0].text, dataset.examples[0].fields)
    assert pair.extra == {"category": "receipt", "split": "train", "group": "shop a"}


def test_pairs_want_text_and_fields(folder: Path, tmp_path: Path) -> None:
    without = Dataset(load_dataset(folder).examples[1:], folder)
    with pytest.raises(DatasetError, match="no pairs to write"):
        write_dataset(without, tmp_path / "pairs.jsonl", "pairs")


def test_broken_pairs_are_told_with_their_rows(tmp_path: Path) -> None:
    lines = ['{"input": "x", "output": "{}"}', '{"input": "OCR_TEXT:\\nx", "output": "[1]"}', "[]", "{"]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    with pytest.raises(AnnotationError) as caught:
        read_pairs(tmp_path / "pairs.jsonl")
    assert all(f"pairs.jsonl:{row}: " in caught.value.what for row in (1, 2, 3, 4))
