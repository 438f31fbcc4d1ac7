import pytest

from recto.datasets.naming import category_from_name, free_name, in_split_folder, safe_name, split_from_name

CATEGORIES = {
    "receipt_001.jpg": "receipt",
    "train/invoice-17.pdf": "invoice",
    "tax_form_2023_01.png": "tax_form",
    "Contract.pdf": "contract",
    "facture 12.png": "facture",
    "kaufvertrag_3.jpg": "kaufvertrag",
    "receipt (2).jpg": "receipt",
    "X00016469669.jpg": "other",
    "c0aa169f5121198b37859459b63b8707_p1.jpg": "other",
    "IMG_2031.jpg": "other",
    "001.jpg": "other",
}


@pytest.mark.parametrize(("name", "category"), CATEGORIES.items())
def test_category_from_name(name: str, category: str) -> None:
    assert category_from_name(name) == category


SPLITS = {
    "train/a.jpg": "train",
    "validation/a.jpg": "val",
    "Test/x/a.jpg": "test",
    "train.jpg": None,
    "images/train/a.jpg": None,
}


@pytest.mark.parametrize(("name", "split"), SPLITS.items())
def test_split_from_name(name: str, split: str | None) -> None:
    assert split_from_name(name) == split


def test_names_inside_stay_as_they_are() -> None:
    for name in ("a.png", "ein Ordner/ü (1).png", "a/../b.png"):
        assert safe_name(name) in (name, "b.png")


def test_free_name_ignores_case() -> None:
    assert free_name("a/B.jpg", {"a/b.jpg", "a/b-2.jpg"}) == "a/B-3.jpg"


@pytest.mark.parametrize(
    ("image", "split", "place"),
    [
        ("images/a.jpg", "test", "test/a.jpg"),
        ("train/a.jpg", "test", "test/a.jpg"),
        ("train/x/a.jpg", "train", "train/x/a.jpg"),
        ("images/a.jpg", None, "images/a.jpg"),
        ("train/a.jpg", None, "unsplit/a.jpg"),
    ],
)
def test_in_split_folder(image: str, split: None, place: str) -> None:
    assert in_split_folder(image, split) == place
