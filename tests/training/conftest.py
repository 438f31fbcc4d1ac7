"""Small real datasets: receipts rendered with Pillow, with lines and boxes."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recto.engines.ppocr.crops import scale_line
from recto.training.ctc.base_model import BaseModel, load_base
from recto.training.ctc.features import LabelledLines, extract
from recto.training.ctc.lines import normal
from recto.training.ctc.prepare import Part, Prepared
from recto.training.ctc.replay import general_lines

from ..hard_pages import hard_line, hard_page, line_text


def write_dataset(
    root: Path,
    counts: dict[str, int],
    *,
    lines_per_page: int = 12,
    label: Callable[[str], str] = str,
    case: str | None = None,
    seed: int = 0,
) -> Path:
    """Pages of hard lines with their labels as annotations.json; `label` changes what is written down."""
    rng = random.Random(seed)
    rows = []
    for split, count in counts.items():
        (root / split).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            page, found = hard_page(rng, lines_per_page)
            name = f"{split}/receipt_{number:03d}.png"
            page.save(root / name)
            lines = [{"text": label(line.text), "box": line.box} for line in found]
            rows.append(
                {
                    "image": name,
                    "text": "\n".join(line["text"] for line in lines),
                    "category": "receipt",
                    "split": split,
                    "lines": lines,
                    "fields": {"company": f"shop {split} {number}"},
                    **({"case": case} if case else {}),
                }
            )
    (root / "annotations.json").write_text(json.dumps(rows))
    return root


@pytest.fixture(scope="session")
def dataset_writer() -> Callable[..., Path]:
    return write_dataset


def part_of(base: BaseModel, count: int, seed: int, label: Callable[[str], str] = str) -> Part:
    """Hard lines with their labels, as `prepare` would give them; no page is searched."""
    rng = random.Random(seed)
    texts = [line_text(rng) for _ in range(count)]
    images = (scale_line(np.asarray(hard_line(text, rng))) for text in texts)
    lines = LabelledLines(tuple(extract(base.backbone, images)), tuple(map(label, texts)), (False,) * count)
    return Part(lines, {}, "", 0, 0, 0, 0)


@pytest.fixture(scope="session")
def base() -> BaseModel:
    return load_base()


@pytest.fixture(scope="session")
def prepared(base: BaseModel) -> Prepared:
    """24 lines to learn from and 12 to choose by."""
    general = [line for line in general_lines(24, seed=0) if set(line.text) <= set(base.characters)][:16]
    images = [scale_line(line.image) for line in general]
    buckets = tuple(extract(base.backbone, images))
    replay = LabelledLines(buckets, tuple(normal(line.text) for line in general), (False,) * len(general))
    return Prepared(part_of(base, 24, 1), part_of(base, 12, 2), replay, tuple(images[:4]))
