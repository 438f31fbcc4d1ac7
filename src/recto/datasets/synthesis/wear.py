"""Wear: from a clean sheet to the picture that a scanner or a telephone took of it. Boxes follow exactly.

Points and pixels go through one and the same geometry: a bend of the paper (up and down along its width),
then a homography. Ranges are drawn by hand; none is calibrated against a device.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.datasets.synthesis.printing import Sheet
from recto.documents.page import Image
from recto.documents.transcript import Line

Rng = np.random.Generator
Pixels = NDArray[np.float32]
_EDGE_POINTS = 9


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the sheet's points went: `bend` waves (height px, phase, cycles) over `width`, then `warp`."""

    width: int
    bend: tuple[tuple[float, float, float], ...]
    warp: NDArray[np.float64]
    size: tuple[int, int]

    def lifted(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how many pixels the paper's bend moves what is at `x` downwards."""
        waves = (a * np.sin(2 * np.pi * cycles * x / self.width + phase) for a, phase, cycles in self.bend)
        return sum(waves, np.zeros_like(x, dtype=np.float64))

    def moved(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points (n, 2) of the sheet in pixels of the picture."""
        x, y = points[:, 0], points[:, 1]
        bent = np.stack([x, y + self.lifted(x), np.ones_like(x)], axis=1) @ self.warp.T
        return np.asarray(bent[:, :2] / bent[:, 2:])

    def picture(self, sheet: Pixels, ground: Pixels) -> Pixels:
        """The sheet's pixels where they went, on top of `ground` (of the picture's size)."""
        back = [[float(value) for value in row] for row in np.linalg.inv(self.warp)]
        columns = np.arange(self.size[0], dtype=np.float32)[None, :]
        rows = np.arange(self.size[1], dtype=np.float32)[:, None]
        from_x, from_y, depth = (a * columns + b * rows + c for a, b, c in back)
        from_x /= depth
        from_y /= depth
        # A table of the bend, one entry a pixel, is as exact as its sine at every pixel and quicker.
        places = np.arange(-self.width // 4, self.width * 5 // 4, dtype=np.float64)
        from_y -= np.interp(from_x, places, self.lifted(places)).astype(np.float32)
        taken = cv2.remap(sheet, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        height, width = sheet.shape[:2]
        inside = (from_x > -0.5) & (from_x < width - 0.5) & (from_y > -0.5) & (from_y < height - 0.5)
        return np.asarray(np.where(inside[:, :, None], taken, ground), np.float32)


@dataclass(frozen=True, slots=True)
class Shot:
    """The picture, the Lines where they are now, and the quality that it is to be saved with as JPEG."""

    image: Image
    lines: tuple[Line, ...]
    quality: int


def scan(sheet: Sheet, rng: Rng, *, thermal: bool) -> Shot:
    """A flatbed or office scanner: slight skew, dust, streaks, grey background, sometimes a fold."""
    pixels = sheet.image.astype(np.float32)
    if thermal:
        pixels = _faded(pixels, rng)
    if rng.random() < 0.35:
        pixels = _folded(pixels, rng)
    height, width = pixels.shape[:2]
    angle_deg = float(np.clip(rng.normal(0, 0.6), -1.8, 1.8))
    geometry = Geometry(width, (), _turn(width, height, angle_deg), (width, height))
    ground = np.full_like(pixels, float(rng.uniform(225, 255)))
    pixels = geometry.picture(pixels, ground)
    if rng.random() < 0.6:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    pixels = _blurred(pixels, float(rng.uniform(0.25, 0.95)))
    pixels = _dusted(pixels, rng)
    black, white = rng.uniform(0, 60), rng.uniform(228, 254)
    pixels = black + pixels * ((white - black) / 255)
    return _shot(sheet, geometry, _noisy(pixels, rng, 1.0, 6.0), int(rng.integers(45, 90)))


def photograph(sheet: Sheet, rng: Rng, *, thermal: bool) -> Shot:
    """A telephone's camera: perspective, bent paper, folds, shadows, uneven light, blur, noise."""
    pixels = sheet.image.astype(np.float32)
    if thermal:
        pixels = _faded(pixels, rng)
    if rng.random() < 0.5:
        pixels = _folded(pixels, rng)
    pixels *= np.array([1.0, rng.uniform(0.96, 1.0), rng.uniform(0.9, 0.98)], np.float32)
    geometry = _held(pixels, rng)
    pixels = geometry.picture(pixels, _table(geometry.size, rng))
    pixels *= _light(geometry.size, rng)[:, :, None]
    pixels = _blurred(pixels, float(rng.uniform(0.4, 1.15)))
    if rng.random() < 0.25:
        pixels = _shaken(pixels, rng)
    return _shot(sheet, geometry, _noisy(pixels, rng, 2.0, 9.0), int(rng.integers(40, 88)))


def _shot(sheet: Sheet, geometry: Geometry, pixels: Pixels, quality: int) -> Shot:
    image = np.asarray(np.clip(np.rint(pixels), 0, 255), np.uint8)
    return Shot(image, tuple(_moved(line, geometry) for line in sheet.lines), quality)


def _moved(line: Line, geometry: Geometry) -> Line:
    """The Line in the picture: a quadrilateral that holds its bent edges, and the upright box around it."""
    x0, y0, x1, y1 = line.box
    xs = np.linspace(x0, x1, _EDGE_POINTS)
    top = geometry.moved(np.stack([xs, np.full_like(xs, y0)], axis=1))
    bottom = geometry.moved(np.stack([xs, np.full_like(xs, y1)], axis=1))
    above = min(float((top[:, 1] - _chord(top)).min()), 0.0)
    below = max(float((bottom[:, 1] - _chord(bottom)).max()), 0.0)
    corners = np.array([top[0], top[-1], bottom[-1], bottom[0]])
    corners[:, 1] += (above, above, below, below)
    corners = np.clip(corners, 0, geometry.size)
    (left, upper), (right, lower) = corners.min(axis=0), corners.max(axis=0)
    polygon = tuple((float(x), float(y)) for x, y in corners)
    return Line(line.text, (float(left), float(upper), float(right), float(lower)), polygon=polygon)


def _chord(edge: NDArray[np.float64]) -> NDArray[np.float64]:
    """The heights of the straight line from the first to the last point of an edge."""
    return np.asarray(np.interp(edge[:, 0], edge[[0, -1], 0], edge[[0, -1], 1]))


def _turn(width: int, height: int, angle_deg: float) -> NDArray[np.float64]:
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    return np.vstack([turn, [0, 0, 1]]).astype(np.float64)


def _held(pixels: Pixels, rng: Rng) -> Geometry:
    """Paper in front of a camera: corners anywhere near where they should be, and a gentle bend."""
    height, width = pixels.shape[:2]
    border = int(width * rng.uniform(0.02, 0.07))
    size = (width + 2 * border, height + 2 * border)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    astray = rng.uniform(-0.016, 0.016, (4, 2)) * width
    target = (corners + border + astray).astype(np.float32)
    turn = _turn(*size, float(np.clip(rng.normal(0, 0.7), -2, 2)))
    warp = turn @ cv2.getPerspectiveTransform(corners, target)
    bend = (
        (
            float(rng.uniform(-0.005, 0.005) * width),
            float(rng.uniform(0, 6.28)),
            float(rng.uniform(0.4, 1.1)),
        ),
    )
    return Geometry(width, bend, np.asarray(warp, np.float64), size)


def _faded(pixels: Pixels, rng: Rng) -> Pixels:
    """Thermal print that lost its black: pale as a whole, paler in bands, with dead columns; warm paper."""
    height, width = pixels.shape[:2]
    strength = rng.uniform(0.45, 0.95) * (1 - rng.uniform(0.0, 0.4) * _bumps(height, rng))[:, None]
    columns = np.ones(width, np.float32)
    columns[rng.random(width) < rng.uniform(0.0, 0.02)] = 0.35
    paper = np.array([250, 249, 244], np.float32)
    ink = (255 - pixels) * (strength * columns[None, :])[:, :, None]
    return np.asarray(paper * (1 - ink / 255) + np.array([40, 36, 60], np.float32) * (ink / 255), np.float32)


def _folded(pixels: Pixels, rng: Rng) -> Pixels:
    """One or two creases across or along: a dark and a bright line, ink rubbed off, panels in other light."""
    along = bool(rng.random() < 0.3)
    turned = np.swapaxes(pixels, 0, 1) if along else pixels
    length = turned.shape[0]
    places = (0.5,) if rng.random() < 0.6 else (1 / 3, 2 / 3)
    out = turned.copy()
    for share in places:
        at = int(length * (share + rng.normal(0, 0.01)))
        distance = np.arange(length, dtype=np.float32) - at
        dark = -float(rng.uniform(15, 45)) * np.exp(-((distance / 1.6) ** 2))
        bright = float(rng.uniform(5, 20)) * np.exp(-(((distance - 3) / 2.0) ** 2))
        rubbed = float(rng.uniform(0.1, 0.35)) * np.exp(-((distance / 2.5) ** 2))
        panel = np.where(distance > 0, 1 - rng.uniform(0, 0.07), 1.0)
        out = out + (250 - out) * rubbed[:, None, None]
        out = out * panel[:, None, None] + (dark + bright)[:, None, None]
    out = np.clip(out, 0, 255)
    return np.asarray(np.swapaxes(out, 0, 1) if along else out, np.float32)


def _light(size: tuple[int, int], rng: Rng) -> Pixels:
    """A slope of light, and half the time the soft shadow of a hand or a telephone."""
    width, height = size
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - rng.uniform(0.03, 0.17) * (1 + x * np.cos(angle) + y * np.sin(angle))
    if rng.random() < 0.5:
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.9)
        edge = x * np.cos(angle) + y * np.sin(angle) - offset + 0.08 * np.sin(rng.uniform(2, 6) * y)
        light *= 1 - rng.uniform(0.12, 0.42) / (1 + np.exp(-edge * rng.uniform(8, 40)))
    return np.asarray(light, np.float32)


def _table(size: tuple[int, int], rng: Rng) -> Pixels:
    """What the paper lies on: a dull colour with a grain."""
    width, height = size
    colour = np.array([rng.uniform(60, 170)] * 3) * np.array(
        [1.0, rng.uniform(0.75, 1), rng.uniform(0.55, 1)]
    )
    coarse = rng.standard_normal((height // 2 + 1, width // 8 + 1), np.float32)
    grain = 0.25 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(colour[None, None, :] + 40 * grain[:, :, None], np.float32)


def _bumps(length: int, rng: Rng) -> NDArray[np.float32]:
    knots = rng.random(max(length // 150, 3)).astype(np.float32)[None, :]
    curve = np.asarray(cv2.resize(knots, (length, 1), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(np.clip(curve[0], 0, 1), np.float32)


def _blurred(pixels: Pixels, sigma_px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px), np.float32)


def _shaken(pixels: Pixels, rng: Rng) -> Pixels:
    """Blur in one direction, three pixels long."""
    kernel = np.zeros((3, 3), np.float32)
    kernel[((1, 1, 1), (0, 1, 2)) if rng.random() < 0.5 else ((0, 1, 2), (1, 1, 1))] = 1 / 3
    return np.asarray(cv2.filter2D(pixels, -1, kernel), np.float32)


def _dusted(pixels: Pixels, rng: Rng) -> Pixels:
    """Specks, and now and then the streak of a dirty sensor from top to bottom."""
    height, width = pixels.shape[:2]
    out = pixels.copy()
    for _ in range(int(rng.integers(0, 25))):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        shade = float(rng.uniform(60, 200))
        cv2.circle(out, centre, int(rng.integers(0, 2)), (shade, shade, shade), -1)
    if rng.random() < 0.15:
        at = int(rng.integers(width))
        out[:, at : at + 1] *= float(rng.uniform(0.7, 0.95))
    return out


def _noisy(pixels: Pixels, rng: Rng, least: float, most: float) -> Pixels:
    noise = rng.standard_normal((*pixels.shape[:2], 1), np.float32)
    return np.asarray(pixels + noise * float(rng.uniform(least, most)), np.float32)
