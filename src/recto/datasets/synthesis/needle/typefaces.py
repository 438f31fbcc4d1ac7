"""Typefaces: text to ink. Outline fonts as a laser or thermal printer sets them, and dot-matrix needles.

Fonts are those that come with matplotlib (DejaVu, STIX, Computer Modern Typewriter): no files of our own.
Ink is a float32 array, 0 (paper) to 1 (full ink).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Ink = NDArray[np.float32]
Rng = np.random.Generator

_FONTS = files("matplotlib") / "mpl-data/fonts/ttf"
_OUTLINE_FONTS = (
    "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSans", "DejaVuSans-Bold",
    "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral", "cmtt10",
)  # fmt: skip
_NEEDLE_FONTS = ("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSans")
_NEEDLES_PX = (9, 10, 11)
"""Sizes at which the hinted fonts look like the 7 × 5 patterns of needle printers."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """A font at a size in pixels, stretched (`width` < 1 is condensed) and letter-spaced.

    With `pitch_px` it is printed by needles: every pixel of a small bitmap becomes one dot, `pitch_px`
    apart with a radius of `dot` times that (gaps show below 0.4), and missing with probability
    `lost_dots`. A worn carriage prints everything twice, the second time `echo_px` to the right.
    """

    font: str
    size_px: int
    width: float = 1.0
    spacing_px: int = 0
    pitch_px: float | None = None
    dot: float = 0.4
    lost_dots: float = 0.0
    echo_px: int = 0

    def larger(self, factor: float) -> "Typeface":
        """The same face, `factor` times as large."""
        if self.pitch_px is not None:
            return replace(self, width=self.width * factor)  # needle printers print double width, not height
        return replace(self, size_px=round(self.size_px * factor))

    def ink(self, text: str, rng: Rng) -> Ink:
        """The ink of one line, cut to what is printed; `rng` loses dots."""
        mask = self._bitmap(text)
        if self.pitch_px is not None:
            mask = _echoed(_dots(mask, self, rng), self.echo_px)
        if self.width != 1.0:
            size = (max(round(mask.shape[1] * self.width), 1), mask.shape[0])
            mask = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.float32)
        return mask

    @property
    def line_px(self) -> int:
        """Height of a text line with its leading, in pixels."""
        return round(self.size_px * (self.pitch_px or 1.0) * 1.22)

    def _bitmap(self, text: str) -> Ink:
        """All ascents and descents included, so that lines keep one height."""
        font = _font(self.font, self.size_px)
        ascent, descent = font.getmetrics()
        pad = 2
        gaps = self.spacing_px * max(len(text) - 1, 0)
        width = int(font.getlength(text)) + gaps + 2 * pad + self.size_px // 3
        image = Image.new("L", (width, ascent + descent), 0)
        draw = ImageDraw.Draw(image)
        if self.pitch_px is not None:
            draw.fontmode = "1"
        x = float(pad)
        for piece in text if self.spacing_px else (text,):
            draw.text((x, 0), piece, font=font, fill=255)
            x += font.getlength(piece) + self.spacing_px
        ink = np.asarray(image, np.float32) / np.float32(255)
        columns = np.flatnonzero(ink.any(axis=0))
        return ink[:, columns[0] : columns[-1] + 1] if columns.size else ink[:, :1]


def typeface(rng: Rng) -> Typeface:
    """A face as one printer has it: four in five are needles, the rest outlines of every width."""
    if rng.random() < 0.8:
        return Typeface(
            font=str(rng.choice(_NEEDLE_FONTS)),
            size_px=int(rng.choice(_NEEDLES_PX)),
            width=float(rng.uniform(0.82, 1.05)),
            spacing_px=int(rng.integers(0, 2)),
            pitch_px=float(rng.uniform(2.5, 3.2)),
            dot=float(rng.uniform(0.24, 0.4)),
            lost_dots=float(rng.uniform(0.02, 0.1)),
            echo_px=int(rng.choice([0, 2, 2, 3])),
        )
    return Typeface(
        font=str(rng.choice(_OUTLINE_FONTS)),
        size_px=int(rng.integers(18, 26)),
        width=float(rng.uniform(0.62, 1.1)),
        spacing_px=int(rng.choice([0, 0, 1, 3])),
    )


def _dots(bitmap: Ink, face: Typeface, rng: Rng) -> Ink:
    """Every set pixel of `bitmap` as a round dot; one needle in the head may be weak (a pale row)."""
    pitch_px = face.pitch_px or 1.0
    rows, columns = np.nonzero(bitmap > 0.5)
    strength = rng.uniform(0.65, 1.0, rows.size).astype(np.float32)
    strength[rng.random(rows.size) < face.lost_dots] = 0
    needles = np.ones(bitmap.shape[0], np.float32)
    if rng.random() < 0.3:
        needles[int(rng.integers(bitmap.shape[0]))] = 0.4
    height, width = (int(np.ceil(n * pitch_px)) + 1 for n in bitmap.shape)
    canvas = np.zeros((height, width), np.float32)
    places = (((rows + 0.5) * pitch_px).astype(int), ((columns + 0.5) * pitch_px).astype(int))
    canvas[places] = strength * needles[rows]
    return np.clip(cv2.filter2D(canvas, -1, _disc(pitch_px * face.dot)), 0, 1).astype(np.float32)


def _echoed(ink: Ink, shift_px: int) -> Ink:
    """The ink with a paler copy of itself, `shift_px` to the right and 1 px below."""
    if not shift_px:
        return ink
    wide = np.pad(ink, ((0, 1), (0, shift_px)))
    echo = np.pad(ink, ((1, 0), (shift_px, 0)))
    return np.asarray(np.maximum(wide, 0.7 * echo), np.float32)


def _disc(radius_px: float) -> Ink:
    reach = int(np.ceil(radius_px)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1), np.float32)


@lru_cache(maxsize=256)
def _font(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / f"{name}.ttf"), size_px, layout_engine=ImageFont.Layout.BASIC)
