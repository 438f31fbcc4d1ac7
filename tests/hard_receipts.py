"""Receipts whose total stands behind a word that no list of labels has: a tagger has to learn it."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

from recto.datasets.example import Example, Split


def hard_receipt(number: int, split: Split | None = None) -> Example:
    """Receipt number `number`; the blocks make it look like no other."""
    image, rng = Image.new("RGB", (420, 420), "white"), random.Random(number)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    shop, total = f"SHOP {rng.choice(('ALDER', 'BIRCH', 'CEDAR'))}", f"{number + 3}.{10 + number % 80}"
    for row, text in enumerate((shop, f"Points {points_of(number)}", f"Zumtotal {total}", "Thank you")):
        draw.text((20, 20 + 42 * row), text, fill="black", font=font)
    for _ in range(9):
        x, y = rng.randrange(380), rng.randrange(220, 400)
        draw.rectangle((x, y, x + rng.randrange(20, 120), y + rng.randrange(10, 80)), fill=rng.randrange(256))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    fields = {"company": shop, "total": total}
    return Example(f"{number}.png", stream.getvalue(), shop, "receipt", split=split, fields=fields)


def points_of(number: int) -> str:
    """What stands on the receipt like a total, and isn't."""
    return f"{number + 500}.00"
