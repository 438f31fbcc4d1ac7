"""Views: altered copies of line images, so that few documents teach letters rather than their own specks.

Each copy is cut a little differently, and printed, lit and scanned a little differently. Deterministic by the
generator that is passed in. What a line says is not known here.
"""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.training.ctc.recipe import CtcRecipe

_SHIFT = 0.12  # of the height: how far an edge may move into the line, and
_GROWTH = 0.08  # how far out of it
_GAMMA = (0.6, 1.6)
_CONTRAST = (0.6, 1.1)
_BRIGHTNESS = 15.0
_BLURRED, _COARSE = 0.35, 0.15  # shares of copies
_BLUR_PX = (0.4, 1.1)
_COARSENESS = (0.5, 0.8)
_NOISE = 8.0


def views_of(lines: int, recipe: CtcRecipe) -> int:
    """How many copies of each of so many lines are made: the fewer lines, the more."""
    return max(0, min(recipe.views, recipe.views_up_to // max(lines, 1) - 1))


def altered(line: Image, rng: Generator) -> Image:
    """A copy of a scaled line, of the same shape."""
    light = 255 * (_recut(line, rng).astype(np.float32) / 255) ** np.float32(rng.uniform(*_GAMMA))
    middle = light.mean()
    contrast, brightness = rng.uniform(*_CONTRAST), rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    grey = _softened(np.asarray((light - middle) * contrast + middle + brightness, np.float32), rng)
    noise = rng.normal(0, rng.uniform(0, _NOISE), grey.shape[:2])
    return np.asarray(np.clip(grey + noise[:, :, None], 0, 255), np.uint8)


def _recut(line: Image, rng: Generator) -> Image:
    """The line as if its box had been drawn a little differently."""
    height, width = line.shape[:2]
    left, top, right, bottom = rng.uniform(-_SHIFT, _GROWTH, 4) * height
    corners = np.array([[-left, -top], [width + right, -top], [-left, height + bottom]], np.float32)
    target = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    matrix = cv2.getAffineTransform(corners, target)
    warped = cv2.warpAffine(
        line, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _softened(grey: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    chance = rng.uniform()
    if chance < _BLURRED:
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(*_BLUR_PX)), np.float32)
    if chance < _BLURRED + _COARSE:
        share = rng.uniform(*_COARSENESS)
        small = cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (grey.shape[1], grey.shape[0])), np.float32)
    return grey
