"""Pages that the base model reads badly: lines in a thin italic face, small, blurred and noisy."""

import random
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from recto.documents.transcript import Line

FONTS = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf"
PROSE = "milk bread butter cheese apple grape lemon onion rice sugar coffee tea water juice salt flour"
WORDS = PROSE.split()
BLUR_PX = 1.3


def hard_page(rng: random.Random, lines: int, blur_px: float = BLUR_PX) -> tuple[Image.Image, list[Line]]:
    """A page of so many lines, and what they say and where."""
    page = Image.new("RGB", (460, 20 + lines * 40), (226, 226, 226))
    found = []
    for row in range(lines):
        text = line_text(rng)
        image = hard_line(text, rng, blur_px)
        x, y = rng.randint(8, 40), 12 + row * 40
        page.paste(image, (x, y))
        found.append(Line(text, (float(x), float(y), float(x + image.width), float(y + image.height))))
    return page, found


def hard_line(text: str, rng: random.Random, blur_px: float = BLUR_PX) -> Image.Image:
    """One line of print."""
    font = ImageFont.truetype(str(FONTS / "STIXGeneralItalic.ttf"), 17)
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))
    line = Image.new("L", (x1 - x0 + 12, y1 - y0 + 8), 226)
    ImageDraw.Draw(line).text((6 - x0, 4 - y0), text, fill=110, font=font)
    line = line.filter(ImageFilter.GaussianBlur(blur_px))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 10, line.size[::-1])
    grey = np.clip(np.asarray(line, np.float32) + noise, 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def line_text(rng: random.Random) -> str:
    """What stands on a receipt's line."""
    price = f"{rng.randint(1, 99)}.{rng.randint(0, 99):02d}"
    return f"{rng.choice(WORDS).title()} {rng.choice(WORDS)} {rng.randint(1, 9)} x {price}"
