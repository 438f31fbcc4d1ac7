"""Weathering: from ink on a sheet to the picture that somebody took of it. Boxes follow exactly.

Looks: `thermal` (pale, dead heating elements, thinned strokes), `scan` (skew, dust, photocopy contrast)
and `photo` (perspective, uneven light, blur). Each is drawn from its own ranges; none is calibrated
against a device.
"""

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.datasets.synthesis.needle.typefaces import Ink, Rng
from recto.documents.page import Image
from recto.documents.transcript import Polygon

Warp = NDArray[np.float64]
"""3 × 3 matrix from sheet pixels to picture pixels."""


class Look(StrEnum):
    """How the sheet became a picture."""

    THERMAL = "thermal"
    SCAN = "scan"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture, and where sheet pixels went."""

    image: Image
    warp: Warp

    def polygon(self, box: tuple[int, int, int, int]) -> Polygon:
        """The four corners of a sheet box in pixels of the picture, clockwise from the top left."""
        x0, y0, x1, y1 = box
        corners = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]], np.float64)
        moved = corners @ self.warp.T
        height, width = self.image.shape[:2]
        xs = np.clip(moved[:, 0] / moved[:, 2], 0, width)
        ys = np.clip(moved[:, 1] / moved[:, 2], 0, height)
        return tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True))


def picture(ink: Ink, look: Look, rng: Rng) -> Picture:
    """Age the ink, lay it on paper, take the picture."""
    if look is Look.THERMAL:
        ink = _thermal(ink, rng)
    elif look is Look.SCAN:
        ink = _worn(ink, rng, strength=0.5)
    else:
        ink = _worn(ink, rng, strength=0.35)
    warp, size = _warp(ink, look, rng)
    moved = cv2.warpPerspective(
        ink, warp, size, flags=cv2.INTER_AREA if look is Look.SCAN else cv2.INTER_LINEAR
    )
    sharpness = rng.uniform(0.4, 0.8) if look is not Look.PHOTO else rng.uniform(0.6, 1.15)
    blurred = np.asarray(cv2.GaussianBlur(moved, (0, 0), sharpness), np.float32)
    return Picture(_expose(_developed(blurred), look, rng), warp)


def _developed(ink: Ink) -> Ink:
    """Small dots turn grey when they are blurred; printers compensate with more ink, and so does this."""
    inked = ink[ink > 0.08]
    strength = float(np.percentile(inked, 85)) if inked.size else 1.0
    return np.asarray(np.clip(ink * min(1 / strength, 2.5), 0, 1), np.float32)


def _thermal(ink: Ink, rng: Rng) -> Ink:
    """Thinned strokes, dead elements (columns without heat), pale bands along the paper."""
    if rng.random() < 0.5:
        thinned = cv2.erode(ink, np.ones((2, 2), np.uint8))
        ink = (0.35 * ink + 0.65 * thinned).astype(np.float32)
    columns = np.ones(ink.shape[1], np.float32)
    columns[rng.random(ink.shape[1]) < rng.uniform(0.0, 0.05)] = 0.15
    heat = 1 - rng.uniform(0.1, 0.45) * _bumps(ink.shape[0], rng)
    return _worn(ink * columns[None, :] * heat[:, None], rng, strength=0.4)


def _worn(ink: Ink, rng: Rng, strength: float) -> Ink:
    """Specks where ink came off: a smooth random field, thresholded, so that they have a size."""
    noise = rng.standard_normal(ink.shape, np.float32)
    field = np.asarray(cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.6, 1.3)), np.float32)
    field /= field.std()
    gone = np.clip((field - rng.uniform(0.9, 1.9)) * 3, 0, 1) * strength * 2
    return np.asarray(ink * np.clip(1 - gone, 0, 1), np.float32)


def _bumps(length: int, rng: Rng) -> NDArray[np.float32]:
    """A smooth curve, 0–1, with a few bumps."""
    knots = rng.random(max(length // 120, 3)).astype(np.float32)[None, :]
    curve = np.asarray(cv2.resize(knots, (length, 1), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(np.clip(curve[0], 0, 1), np.float32)


def _warp(ink: Ink, look: Look, rng: Rng) -> tuple[Warp, tuple[int, int]]:
    """A small turn, for photos a perspective and a surrounding table, and the picture's width, height."""
    height, width = ink.shape
    border = int(rng.integers(16, 50)) if look is Look.PHOTO else int(rng.integers(0, 8))
    size = (width + 2 * border, height + 2 * border)
    angle_deg = float(rng.normal(0, 0.8 if look is Look.PHOTO else 0.35))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.clip(angle_deg, -1.5, 1.5)), 1.0)
    turn[:, 2] += border
    warp = np.vstack([turn, [0, 0, 1]])
    if look is Look.PHOTO:
        warp = np.array([[1, 0, 0], [0, 1, 0], [*(rng.normal(0, 2e-5, 2)), 1]]) @ warp
    return warp.astype(np.float64), size


def _expose(ink: Ink, look: Look, rng: Rng) -> Image:
    """Ink and paper colours, light, sensor noise."""
    height, width = ink.shape
    paper = np.array(
        {Look.THERMAL: (244, 244, 240), Look.SCAN: (250, 250, 250), Look.PHOTO: (226, 222, 212)}[look]
    )
    paper = paper - rng.integers(0, 14, 3)
    darkest = rng.uniform(25, 110) if look is Look.THERMAL else rng.uniform(20, 75)
    colour = np.array([darkest, darkest, darkest + rng.uniform(0, 30)])
    image = paper + (colour - paper) * ink[:, :, None]
    if look is Look.PHOTO:
        light = 1 - rng.uniform(0.05, 0.35) * _bumps(height, rng)[:, None] * np.ones((1, width))
        slope = 1 - rng.uniform(0, 0.25) * np.linspace(0, 1, width)[None, :]
        image *= (light * slope)[:, :, None]
    image += rng.normal(0, rng.uniform(2, 7), (height, width, 1))
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)
