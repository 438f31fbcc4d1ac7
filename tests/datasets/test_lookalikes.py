"""Look-alikes: copies of a page are found, other pages on the same form are not."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from recto.datasets.kinship import lookalikes_among
from recto.datasets.loading import load_dataset
from recto.datasets.lookalikes import CANDIDATE_BITS, LIKENESS, find_lookalikes, likeness, print_of, thumb_of
from recto.datasets.scanning import scan

Change = Callable[[Image.Image], Image.Image]


def form(number: str, seed: int = 3) -> Image.Image:
    """A form of bars with a few large words that differ from form to form."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (700, 900), "white")
    pen = ImageDraw.Draw(image)
    for top in range(40, 860, 24):
        left = 40
        while left < 420:
            right = left + int(random.integers(8, 60))
            pen.rectangle((left, top, right, top + 11), fill="black")
            left = right + 9
    for row in range(4):
        pen.text((460, 60 + row * 66), f"{int(number) * (row + 3):08d}"[-8:], fill="black", font_size=30)
    return image


def jpeg(quality: int) -> Change:
    def change(image: Image.Image) -> Image.Image:
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("RGB")

    return change


COPIES: dict[str, Change] = {
    "jpeg 20": jpeg(20),
    "half the size": lambda image: image.resize(
        (image.width // 2, image.height // 2), Image.Resampling.LANCZOS
    ),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "more contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.3),
    "softer": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
}


def pairs_of(images: list[Image.Image]) -> list[tuple[int, int]]:
    pages = [np.asarray(image) for image in images]
    found = find_lookalikes([print_of(page) for page in pages], lambda i: thumb_of(pages[i]))
    return [(pair.one, pair.other) for pair in found.pairs]


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES)
def test_copies_look_alike(change: Change) -> None:
    page = form("734501")
    assert pairs_of([page, form("99", seed=8), change(page)]) == [(0, 2)]


def test_two_pages_on_one_form_do_not() -> None:
    one, other = np.asarray(form("734501")), np.asarray(form("268913"))
    assert int((print_of(one) != print_of(other)).sum()) <= CANDIDATE_BITS, "the hash alone would say so"
    assert likeness(thumb_of(one), thumb_of(other)) < LIKENESS


def test_empty_pages_are_not_called_copies() -> None:
    assert pairs_of([Image.new("RGB", (100, 100), "white"), Image.new("RGB", (100, 100), "white")]) == []


def test_pages_that_could_not_be_opened_are_left_out() -> None:
    page = np.asarray(form("1"))
    found = find_lookalikes([None, print_of(page), None, print_of(page)], lambda i: thumb_of(page))
    assert [(pair.one, pair.other) for pair in found.pairs] == [(1, 3)]


def test_too_many_candidates_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recto.datasets.lookalikes.MAX_CANDIDATES", 2)
    page = np.asarray(form("1"))
    found = find_lookalikes([print_of(page)] * 4, lambda i: thumb_of(page))
    assert (len(found.pairs), found.left_out) == (2, 4)


def test_ten_thousand_pages() -> None:
    prints = list(np.random.default_rng(0).random((10_000, 256)) < 0.5)
    prints[7] = prints[9_000].copy()
    prints[7][:10] ^= True
    asked: list[int] = []

    def thumb(index: int) -> object:
        asked.append(index)
        return thumb_of(np.asarray(form("1")))

    found = find_lookalikes(prints, thumb)  # type: ignore[arg-type]
    assert [(pair.one, pair.other) for pair in found.pairs] == [(7, 9_000)]
    assert asked == [7, 9_000]


def test_real_receipts_are_not_called_copies() -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "data" / "sroie"
    if not folder.is_dir():
        pytest.skip("../shared/data/sroie is not here")
    chain = [e for e in load_dataset(folder).examples if "X5100733" in e.image or "X5100544" in e.image][:40]
    scans = scan(chain)
    assert [p for p in lookalikes_among(scans).pairs if chain[p.one].group != chain[p.other].group] == []
