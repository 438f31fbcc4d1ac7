"""Canary pages: general lines that a fine-tuned model must read as well as before (it may have forgotten).

Six fixed pages, clean to mildly worn, in mixed case English, German, French and Spanish with digits and
signs. They are measured with `evaluation.evaluate` like any other Examples; nothing is ever trained on
them. The pixels are drawn here by Pillow: another FreeType may move a pixel, so that figures are to be
compared on one machine only.
"""

import io
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter, ImageFont

from recto.datasets.example import Example
from recto.datasets.synthesis.canary_texts import TEXTS
from recto.documents.transcript import Line

VERSION = 1
"""Raised whenever a page changes: figures of different versions can't be compared."""

_FONTS = files("matplotlib") / "mpl-data/fonts/ttf"
_WIDTH_PX = 900
_MARGIN_PX = 36
_LEADING = 1.45


@dataclass(frozen=True, slots=True)
class _Look:
    """How a page is drawn: faces and sizes take turns every few lines; then it is worn a little."""

    faces: tuple[str, ...]
    sizes_px: tuple[int, ...]
    ink: int = 20
    paper: int = 250
    blur_px: float = 0.0
    noise: float = 0.0
    turn_deg: float = 0.0


_LOOKS = {
    "en": _Look(("DejaVuSerif", "DejaVuSans-Oblique"), (22, 26)),
    "de": _Look(("DejaVuSans", "STIXGeneral"), (20, 25), ink=60, blur_px=0.8, noise=9),
    "fr": _Look(("STIXGeneral", "DejaVuSans-Bold"), (24, 21), ink=45, paper=228, noise=12, turn_deg=0.5),
    "es": _Look(("DejaVuSansMono", "DejaVuSerif-Italic"), (19, 23), ink=80, paper=235, blur_px=0.9, noise=7),
    "signs": _Look(("DejaVuSansMono", "DejaVuSans"), (22, 20), ink=40, blur_px=0.6, noise=5),
    "mixed": _Look(
        ("STIXGeneralItalic", "DejaVuSerif-Bold"), (25, 20), ink=70, paper=240, noise=8, turn_deg=-0.4
    ),
}
_LINES_PER_FACE = 4


@cache
def canary_examples() -> tuple[Example, ...]:
    """The pages as PNG bytes with their text and line boxes (of the unturned page's ink, turned with it).

    `language` is ISO 639-1, None on the two pages of signs and of several languages at once.
    """
    return tuple(_page(number, name) for number, name in enumerate(TEXTS))


def _page(number: int, name: str) -> Example:
    texts, look = TEXTS[name], _LOOKS[name]
    sheet, lines = _drawn(texts, look)
    png = io.BytesIO()
    _worn(sheet, look, np.random.default_rng([VERSION, number])).save(png, "PNG")
    return Example(
        image=f"canary/{name}.png",
        source=png.getvalue(),
        text="\n".join(texts),
        category="canary",
        lines=lines,
        language=name if len(name) == len("en") else None,
        origin=f"canary pages, version {VERSION}",
    )


def _drawn(texts: tuple[str, ...], look: _Look) -> tuple[Pil.Image, tuple[Line, ...]]:
    """Black on white, one text below the other, and where the ink of each is."""
    fonts = [_font(texts, number, look) for number in range(len(texts))]
    heights = [round(font.size * _LEADING) for font in fonts]
    sheet = Pil.new("L", (_WIDTH_PX, sum(heights) + 2 * _MARGIN_PX), look.paper)
    pen = ImageDraw.Draw(sheet)
    lines, y = [], _MARGIN_PX
    for text, font, height in zip(texts, fonts, heights, strict=True):
        pen.text((_MARGIN_PX, y), text, fill=look.ink, font=font)
        box = pen.textbbox((_MARGIN_PX, y), text, font=font)
        lines.append(_turned(text, box, sheet.size, look.turn_deg))
        y += height
    return sheet, tuple(lines)


def _font(texts: tuple[str, ...], number: int, look: _Look) -> ImageFont.FreeTypeFont:
    """The face and size whose turn it is; smaller where the text would not fit."""
    turn = number // _LINES_PER_FACE
    face = look.faces[turn % len(look.faces)]
    size_px = look.sizes_px[turn // len(look.faces) % len(look.sizes_px)]
    while True:
        path = str(_FONTS / f"{face}.ttf")
        font = ImageFont.truetype(path, size_px, layout_engine=ImageFont.Layout.BASIC)
        if font.getlength(texts[number]) <= _WIDTH_PX - 2 * _MARGIN_PX:
            return font
        size_px -= 1


def _turned(text: str, box: tuple[float, ...], size: tuple[int, int], turn_deg: float) -> Line:
    """The Line whose corners are those of `box` after a turn about the page's middle, as Pillow turns."""
    x0, y0, x1, y1 = box
    centre = np.array(size) / 2
    angle = np.deg2rad(turn_deg)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = (np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) - centre) @ matrix.T + centre
    xs, ys = corners[:, 0], corners[:, 1]
    polygon = tuple((float(x), float(y)) for x, y in corners)
    return Line(text, (float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())), polygon=polygon)


def _worn(sheet: Pil.Image, look: _Look, rng: np.random.Generator) -> Pil.Image:
    if look.turn_deg:
        sheet = sheet.rotate(look.turn_deg, Pil.Resampling.BICUBIC, fillcolor=look.paper)
    if look.blur_px:
        sheet = sheet.filter(ImageFilter.GaussianBlur(look.blur_px))
    if look.noise:
        grey = np.asarray(sheet, np.float32) + rng.normal(0, look.noise, sheet.size[::-1])
        sheet = Pil.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return sheet
