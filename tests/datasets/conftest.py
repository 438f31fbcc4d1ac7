import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

DATA = Path(__file__).parents[2].parent / "shared" / "data"

Draw = Callable[..., Path]


def draw_page(path: Path, *, seed: int = 0, rows: int = 16, size: tuple[int, int] = (240, 320)) -> Path:
    """A small page with rows of bars that look like words; another seed, another page."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for row in range(rows):
        left, top = 10, 10 + row * (size[1] - 20) // rows
        while left < size[0] - 30:
            right = left + int(random.integers(6, 40))
            pen.rectangle((left, top, right, top + int(random.integers(5, 11))), fill="black")
            left = right + int(random.integers(4, 12))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


@pytest.fixture
def draw() -> Draw:
    return draw_page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five entries in train/ val/ test/ with everything an entry may have."""
    root = tmp_path / "set"
    draw_page(root / "train" / "receipt_001.png", seed=1)
    draw_page(root / "train" / "receipt_002.png", seed=2)
    draw_page(root / "val" / "receipt_003.png", seed=3)
    draw_page(root / "test" / "invoice_004.jpg", seed=4)
    draw_page(root / "train" / "invoice_005.png", seed=5)
    entries: list[dict[str, object]] = [
        {
            "image": "train/receipt_001.png",
            "text": "Größe 12,50 €\nTOTAL",
            "category": "receipt",
            "business": "ecommerce",
            "group": "shop a",
            "language": "de",
            "case": "upper",
            "page": 7,
            "lines": [
                {
                    "text": "Größe 12,50 €",
                    "box": [10, 10.25, 200, 20],
                    "confidence": 0.5,
                    "words": [1, {"x": None}],
                },
                {
                    "text": "TOTAL",
                    "box": [10, 30, 90, 40],
                    "polygon": [[10, 30], [90, 30.5], [90, 40], [10, 40]],
                },
            ],
            "fields": {"total": "12.50", "party": ["a", "b"], "paid": True, "tax": 0.19, "note": None},
            "licence": "CC0",
            "nested": {"deep": [1, 2.5, None, {"ü": "x"}], "category": "not ours"},
        },
        {"image": "train/receipt_002.png", "text": "two", "category": "receipt", "lines": []},
        {"image": "val/receipt_003.png", "text": "three", "category": "receipt", "extra": {"own": 1}},
        {"image": "test/invoice_004.jpg", "text_unverified": "four?", "category": "invoice", "group": "g"},
        {"image": "train/invoice_005.png", "text": "five", "category": "invoice", "scale": 1.0},
    ]
    (root / "annotations.json").write_text(json.dumps(entries), encoding="utf-8")
    return root


def real_set(name: str) -> Path:
    path = DATA / name
    if not path.is_dir():
        pytest.skip(f"../shared/data/{name} is not here")
    return path
