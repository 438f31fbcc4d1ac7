"""Small real datasets: receipts rendered with Pillow, with lines and boxes."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from recto.engines.ppocr.crops import scale_line
from recto.training.ctc.base_model import BaseModel, load_base
from recto.training.ctc.features import LabelledLines, extract
from recto.training.ctc.prepare import Part, Prepared
from recto.training.ctc.replay import general_lines

FONTS = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf"
_PROSE = "milk bread butter cheese apple grape lemon onion rice sugar coffee tea water juice salt flour"
WORDS = _PROSE.split()


def hard_line(text: str, rng: random.Random) -> Image.Image:
    """A line in a thin italic face, small, blurred and noisy: the base model reads it badly."""
    font = ImageFont.truetype(str(FONTS / "STIXGeneralItalic.ttf"), 17)
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))
    line = Image.new("L", (x1 - x0 + 12, y1 - y0 + 8), 226)
    ImageDraw.Draw(line).text((6 - x0, 4 - y0), text, fill=110, font=font)
    line = line.filter(ImageFilter.GaussianBlur(1.3))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 10, line.size[::-1])
    grey = np.clip(np.asarray(line, np.float32) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def line_text(rng: random.Random) -> str:
    price = f"{rng.randint(1, 99)}.{rng.randint(0, 99):02d}"
    return f"{rng.choice(WORDS).title()} {rng.choice(WORDS)} {rng.randint(1, 9)} x {price}"


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
            page, lines = hard_page(rng, lines_per_page)
            name = f"{split}/receipt_{number:03d}.png"
            page.save(root / name)
            for line in lines:
                line["text"] = label(str(line["text"]))
            rows.append(
                {
                    "image": name,
                    "text": "\n".join(str(line["text"]) for line in lines),
                    "category": "receipt",
                    "split": split,
                    "lines": lines,
                    "fields": {"company": f"shop {split} {number}"},
                    **({"case": case} if case else {}),
                }
            )
    (root / "annotations.json").write_text(json.dumps(rows))
    return root


def hard_page(rng: random.Random, lines: int) -> tuple[Image.Image, list[dict[str, object]]]:
    page = Image.new("RGB", (460, 20 + lines * 40), (226, 226, 226))
    found: list[dict[str, object]] = []
    for row in range(lines):
        text = line_text(rng)
        image = hard_line(text, rng)
        x, y = rng.randint(8, 40), 12 + row * 40
        page.paste(image, (x, y))
        found.append({"text": text, "box": [x, y, x + image.width, y + image.height]})
    return page, found


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
    general = [scale_line(line) for line in general_lines(16, seed=0)]
    replay = tuple(extract(base.backbone, general))
    return Prepared(part_of(base, 24, 1), part_of(base, 12, 2), replay, tuple(general[:4]))
