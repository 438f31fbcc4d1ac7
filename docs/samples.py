"""Draw the contact sheet of synthetic documents that docs/synthesis.md shows; `python docs/samples.py`."""

import io
from pathlib import Path

from PIL import Image

from recto.datasets.example import Example
from recto.datasets.synthesis import Wish, synthesise
from recto.datasets.synthesis.canary import canary_examples

SHEET = Path(__file__).resolve().parent / "images" / "synthesis.webp"
SEED = 20
COLUMNS = 8
CELL_PX = (210, 290)
GAP_PX = 8
QUALITY = 72


def samples() -> list[Example]:
    """Sixteen pages of every kind and language, worn and clean, four hard ones, four canary pages."""
    worn = list(synthesise(16, SEED))
    more = list(synthesise(16, SEED + 1, Wish(languages=("fr", "es", "en", "de"))))
    return [*worn, *more, *synthesise(4, SEED, Wish(hard=True)), *canary_examples()[:4]]


def contact_sheet(examples: list[Example]) -> Image.Image:
    """The pages in rows, each as large as its cell allows."""
    rows = -(-len(examples) // COLUMNS)
    width, height = CELL_PX[0] + GAP_PX, CELL_PX[1] + GAP_PX
    sheet = Image.new("RGB", (COLUMNS * width + GAP_PX, rows * height + GAP_PX), (96, 98, 102))
    for number, example in enumerate(examples):
        assert isinstance(example.source, bytes)
        page = Image.open(io.BytesIO(example.source)).convert("RGB")
        page.thumbnail(CELL_PX, Image.Resampling.LANCZOS)
        row, column = divmod(number, COLUMNS)
        left = GAP_PX + column * width + (CELL_PX[0] - page.width) // 2
        top = GAP_PX + row * height + (CELL_PX[1] - page.height) // 2
        sheet.paste(page, (left, top))
    return sheet


if __name__ == "__main__":
    contact_sheet(samples()).save(SHEET, "WEBP", quality=QUALITY, method=6)
