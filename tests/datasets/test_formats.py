"""Every format: what is written comes back as it was, and other programs can read it."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.datasets.example import Dataset, JsonValue
from recto.datasets.fingerprint import fingerprint
from recto.datasets.loading import load_dataset
from recto.datasets.pages import document_bytes, open_example
from recto.datasets.row import row_from_example
from recto.datasets.writers.places import new_folder
from recto.datasets.writing import WRITERS, format_for, write_dataset
from recto.errors import AnnotationError, DatasetError, DocumentNotFound, OutputError

FORMATS = [name for name in WRITERS if name != "pairs"]
ONE_FILE = {"parquet": "set.parquet", "webdataset": "set.tar"}


def facts(dataset: Dataset, *, with_names: bool = True) -> list[str]:
    rows = []
    for example in dataset.examples:
        row: dict[str, JsonValue] = row_from_example(example)
        if not with_names:
            del row["image"]
        rows.append(json.dumps([row, hash(document_bytes(example))], sort_keys=True))
    return sorted(rows)


@pytest.mark.parametrize("name", FORMATS)
def test_everything_comes_back(name: str, folder: Path, tmp_path: Path) -> None:
    before = load_dataset(folder)
    write_dataset(before, tmp_path / "out", name)
    after = load_dataset(tmp_path / "out")
    assert facts(after) == facts(before)
    assert fingerprint(after) == fingerprint(before)
    assert {open_example(e).document for e in after.examples} == {e.image for e in before.examples}


@pytest.mark.parametrize(("name", "file"), ONE_FILE.items())
def test_one_file_keeps_the_order_too(name: str, file: str, folder: Path, tmp_path: Path) -> None:
    before = load_dataset(folder)
    assert format_for(tmp_path / file) == name
    write_dataset(before, tmp_path / file, name)
    after = load_dataset(tmp_path / file)
    assert [e.image for e in after.examples] == [e.image for e in before.examples]
    assert facts(after) == facts(before)


@pytest.mark.parametrize("name", FORMATS)
def test_a_chain_of_formats_loses_nothing(name: str, folder: Path, tmp_path: Path) -> None:
    before = load_dataset(folder)
    write_dataset(before, tmp_path / "one", name)
    write_dataset(load_dataset(tmp_path / "one"), tmp_path / "two", "parquet")
    write_dataset(load_dataset(tmp_path / "two"), tmp_path / "three", "annotations")
    assert facts(load_dataset(tmp_path / "three")) == facts(before)


@pytest.mark.parametrize("name", FORMATS)
def test_a_place_that_is_taken_is_left_alone(name: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    dataset = load_dataset(folder)
    with pytest.raises(OutputError, match="something is there already"):
        write_dataset(dataset, tmp_path / "out", name)
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"
    with pytest.raises(OutputError, match="isn't replaced"):
        write_dataset(dataset, tmp_path / "out", name, replace=True)
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("name", FORMATS)
def test_a_dataset_of_ours_is_replaced(name: str, folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    write_dataset(Dataset(dataset.examples[:2], folder), tmp_path / "out", name)
    write_dataset(dataset, tmp_path / "out", name, replace=True)
    assert len(load_dataset(tmp_path / "out").examples) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"set", "out"}, "nothing is left beside it"


STRANGERS = ("thesis.txt", "train/notes.md", "deep/er/x.py", ".git/config", "annotations.json.bak")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_among_a_dataset_keeps_it(stranger: str, name: str, folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    write_dataset(dataset, tmp_path / "out", name)
    (tmp_path / "out" / stranger).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "out" / stranger).write_text("mine")
    with pytest.raises(OutputError, match=r"no part of a dataset") as caught:
        write_dataset(dataset, tmp_path / "out", name, replace=True)
    assert stranger in caught.value.what
    assert (tmp_path / "out" / stranger).read_text() == "mine"


def test_photographs_and_files_are_not_replaced(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    (tmp_path / "photos" / "receipts").mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").write_bytes(b"mine")
    (tmp_path / "photos" / "receipts" / "annotations.json").write_text("[]")
    (tmp_path / "thesis").write_text("mine")
    for place in ("photos", "thesis"):
        with pytest.raises(OutputError):
            write_dataset(dataset, tmp_path / place, replace=True)
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == b"mine"
    assert (tmp_path / "thesis").read_text() == "mine"


def test_the_old_dataset_is_put_back_when_the_new_one_cannot_be(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"), new_folder(folder, replace=True) as building:
        building.rmdir()
    assert len(load_dataset(folder).examples) == 5
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


@pytest.mark.parametrize("name", ["annotations", "jsonl", "imagefolder"])
def test_missing_documents_are_mistakes_unless_they_are_kept(name: str, folder: Path, tmp_path: Path) -> None:
    write_dataset(load_dataset(folder), tmp_path / "out", name)
    before = [example.image for example in load_dataset(tmp_path / "out").examples]
    for image in (before[0], before[2]):
        (tmp_path / "out" / image).unlink()
    with pytest.raises(AnnotationError, match="2 problems"):
        load_dataset(tmp_path / "out")
    kept = load_dataset(tmp_path / "out", keep_missing=True).examples
    assert [example.image for example in kept] == before
    with pytest.raises(DocumentNotFound):
        open_example(kept[2])


def test_what_fails_half_way_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    dataset = load_dataset(folder)
    (folder / "train" / "invoice_005.png").unlink()
    for name in FORMATS:
        with pytest.raises(DatasetError if name == "none" else Exception, match="missing"):
            write_dataset(dataset, tmp_path / "out", name)
    assert {path.name for path in tmp_path.iterdir()} == {"set"}


def test_unknown_formats_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="annotations, jsonl, parquet"):
        write_dataset(load_dataset(folder), tmp_path / "out", "word")


def test_shards_are_ordinary_webdataset(folder: Path, tmp_path: Path) -> None:
    write_dataset(load_dataset(folder), tmp_path / "set.tar", "webdataset")
    with tarfile.open(tmp_path / "set.tar") as archive:
        names = archive.getnames()
    assert names[:2] == ["00000000.json", "00000000.png"] or names[:2] == ["00000000.png", "00000000.json"]
    assert not list(tmp_path.glob("**/0000*")), "nothing is unpacked"


def test_shards_of_others_are_read(folder: Path, tmp_path: Path) -> None:
    shard = tmp_path / "test-0.tar.gz"
    (tmp_path / "a.txt").write_text("some text", encoding="utf-8")
    with tarfile.open(shard, "w:gz") as archive:
        archive.add(folder / "train" / "receipt_001.png", "scans/receipt_1.png")
        archive.add(tmp_path / "a.txt", "scans/receipt_1.txt")
        archive.add(folder / "train" / "receipt_002.png", "scans/receipt_2.png")
    first, second = load_dataset(shard).examples
    assert (first.image, first.text, first.category, first.split) == (
        "scans/receipt_1.png",
        "some text",
        "receipt",
        "test",
    )
    assert second.text is None
    assert document_bytes(second) == (folder / "train" / "receipt_002.png").read_bytes()


@pytest.mark.parametrize("name", ["test-0.tar", "test-0.tar.gz", "test-0.tgz"])
def test_a_folder_of_shards_is_read_whatever_they_are_called(name: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "shards").mkdir()
    with tarfile.open(tmp_path / "shards" / name, "w" if name.endswith("tar") else "w:gz") as archive:
        archive.add(folder / "train" / "receipt_001.png", "receipt_1.png")
    (example,) = load_dataset(tmp_path / "shards").examples
    assert example.split == "test"


def test_parquet_of_others_is_read(folder: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    image = (folder / "train" / "receipt_001.png").read_bytes()
    table = pa.table(
        {
            "image": [image, None],
            "text": ["a", "b"],
            "score": [1.5, 2.0],
            "when": pa.array([0, 1], pa.date32()),
        }
    )
    (tmp_path / "data").mkdir()
    pq.write_table(table.slice(0, 1), tmp_path / "data" / "validation-00000-of-00001.parquet")
    (example,) = load_dataset(tmp_path).examples
    assert (example.text, example.split, example.image) == ("a", "val", "validation-00000-of-00001-1.png")
    assert example.extra == {"score": 1.5, "when": "1970-01-01"}
    pq.write_table(table, tmp_path / "data" / "train.parquet")
    with pytest.raises(DatasetError, match=r"train\.parquet:2: image: there are no bytes in it"):
        load_dataset(tmp_path)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[object]:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    yield datasets


def test_the_datasets_library_opens_what_we_save(library: object, folder: Path, tmp_path: Path) -> None:
    write_dataset(load_dataset(folder), tmp_path / "saved", "saved")
    saved = library.load_from_disk(str(tmp_path / "saved"))  # type: ignore[attr-defined]
    assert {name: len(table) for name, table in saved.items()} == {"train": 3, "val": 1, "test": 1}
    assert saved["train"][0]["image"].size == (240, 320)
    assert saved["train"][0]["lines"][0]["text"] == "Größe 12,50 €"


def test_the_datasets_library_opens_our_imagefolder(library: object, folder: Path, tmp_path: Path) -> None:
    write_dataset(load_dataset(folder), tmp_path / "images", "imagefolder")
    loaded = library.load_dataset(  # type: ignore[attr-defined]
        "imagefolder", data_dir=str(tmp_path / "images"), cache_dir=str(tmp_path / "cache")
    )
    rows = {row["text"] for row in loaded["train"]}
    assert rows == {"Größe 12,50 €\nTOTAL", "two", "five"}


def test_imagefolder_metadata_as_csv(folder: Path) -> None:
    (folder / "annotations.json").unlink()
    (folder / "train" / "metadata.csv").write_text(
        "file_name,text,page,shop\nreceipt_001.png,eins,3,A\nreceipt_002.png,zwei,,B\n", encoding="utf-8"
    )
    first, second = load_dataset(folder).examples
    assert (first.image, first.text, first.page, first.split) == ("train/receipt_001.png", "eins", 3, "train")
    assert (second.page, second.extra) == (None, {"shop": "B"})


def test_documents_move_to_the_folder_of_their_split(folder: Path, tmp_path: Path) -> None:
    rows = [{"image": "train/receipt_001.png", "split": "test"}, {"image": "train/receipt_002.png"}]
    (folder / "some.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    write_dataset(load_dataset(folder / "some.jsonl"), tmp_path / "out")
    names = [e.image for e in load_dataset(tmp_path / "out").examples]
    assert names == ["test/receipt_001.png", "train/receipt_002.png"]


def test_pages_of_one_document_share_its_file(tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.new("RGB", (60, 40), colour) for colour in ("white", "red", "blue")]
    (tmp_path / "set" / "scans").mkdir(parents=True)
    pages[0].save(tmp_path / "set" / "scans" / "a.tif", save_all=True, append_images=pages[1:])
    rows = [
        {"image": "scans/a.tif", "page": page, "text": f"page {page}", "split": "train"} for page in (1, 3)
    ]
    (tmp_path / "set" / "annotations.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    before = load_dataset(tmp_path / "set")
    assert open_example(before.examples[1]).image[0, 0].tolist() == [0, 0, 255]
    write_dataset(before, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "train").iterdir()] == ["a.tif"]
    assert facts(load_dataset(tmp_path / "out"), with_names=False) == facts(before, with_names=False)


def test_two_documents_with_one_name_become_two_files(tmp_path: Path, draw: object) -> None:
    for number, place in enumerate(("a", "b", "c")):
        draw(tmp_path / "set" / place / "receipt.png", seed=number % 2)  # type: ignore[operator]
    rows = [{"image": f"{place}/receipt.png", "split": "train"} for place in "abc"]
    (tmp_path / "set" / "annotations.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    write_dataset(load_dataset(tmp_path / "set"), tmp_path / "out")
    names = [e.image for e in load_dataset(tmp_path / "out").examples]
    assert names == ["train/receipt.png", "train/receipt-2.png", "train/receipt.png"]
