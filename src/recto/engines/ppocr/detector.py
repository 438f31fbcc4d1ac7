"""Where text stands: the page at a good size → "is text" logits → a quad per line.

The logits are turned into boxes as in Differentiable Binarization (Liao et al., 2020): threshold,
connected regions, mean score, and growing each region by area / perimeter. What a line says is not known
here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recto.documents.page import Image
from recto.engines.ppocr.crops import Quad
from recto.engines.ppocr.marks import find_marks
from recto.engines.ppocr.networks import Network, Precision, detector_network
from recto.engines.ppocr.weights import DETECTOR_FILE, weights_path

MULTIPLE_PX = 32  # the network halves its input five times


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Sizes in pixels of the network's input, thresholds as probabilities, growth as a ratio.

    With `small_marks` the empty stretches of printed rows are searched for what the network overlooks.
    """

    min_side_px: int = 608
    max_side_px: int = 1280
    text_threshold: float = 0.3
    line_threshold: float = 0.4
    growth: float = 1.6
    min_size_px: float = 3.0
    small_marks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DetectedLine:
    """A place where text stands: its quad in page pixels, and the mean probability of being text."""

    quad: Quad
    score: float


class LineFinder:
    """Finds the lines of pages, as quads in page pixels in no particular order; threads may share it."""

    def __init__(self, settings: DetectorSettings, precision: Precision = "auto") -> None:
        self._settings = settings
        self._network = detector_network(weights_path(DETECTOR_FILE), precision)

    def __call__(self, image: Image) -> list[Quad]:
        """The quads of one page's lines."""
        quads = [line.quad for line in detect(self._network, image, self._settings)]
        return quads + find_marks(image, quads) if self._settings.small_marks else quads


def detect(network: Network, image: Image, settings: DetectorSettings) -> list[DetectedLine]:
    """The lines of one page with their scores, in no particular order."""
    height, width = image.shape[:2]
    logits = network(_scaled(image, settings)[None])[0][0, 0]
    per_pixel = np.array([width / logits.shape[1], height / logits.shape[0]], np.float32)
    lines = (_line(logits, contour, per_pixel, settings) for contour in _regions(logits, settings))
    return [line for line in lines if line is not None]


def input_size(width: int, height: int, settings: DetectorSettings) -> tuple[int, int]:
    """Width and height of the network's input for a page of this size."""
    scale = max(1.0, settings.min_side_px / min(width, height))
    scale = min(scale, settings.max_side_px / max(width, height))
    return _multiple(width * scale), _multiple(height * scale)


def _multiple(length: float) -> int:
    return max(MULTIPLE_PX, round(length / MULTIPLE_PX) * MULTIPLE_PX)


def _scaled(image: Image, settings: DetectorSettings) -> Image:
    height, width = image.shape[:2]
    size = input_size(width, height, settings)
    shrinks = size[0] < width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def _regions(logits: NDArray[np.float32], settings: DetectorSettings) -> list[NDArray[np.int32]]:
    threshold = np.log(settings.text_threshold / (1 - settings.text_threshold))
    mask = (logits > threshold).astype(np.uint8)
    mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(contour, np.int32) for contour in contours]


def _line(
    logits: NDArray[np.float32],
    contour: NDArray[np.int32],
    per_pixel: NDArray[np.float32],
    settings: DetectorSettings,
) -> DetectedLine | None:
    centre, (width, height), angle = cv2.minAreaRect(contour)
    if min(width, height) < settings.min_size_px:
        return None
    score = _mean_probability(logits, np.asarray(cv2.boxPoints((centre, (width, height), angle)), np.float32))
    if score < settings.line_threshold:
        return None
    grown_by = 2 * width * height * settings.growth / (2 * (width + height))
    corners = cv2.boxPoints((centre, (width + grown_by, height + grown_by), angle))
    return DetectedLine(_clockwise(np.asarray(corners, np.float32)) * per_pixel, score)


def _mean_probability(logits: NDArray[np.float32], corners: Quad) -> float:
    limit = np.array([logits.shape[1] - 1, logits.shape[0] - 1])
    x0, y0 = np.clip(np.floor(corners.min(axis=0)), 0, limit).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(axis=0)), 0, limit).astype(int)
    inside = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - [x0, y0]).astype(np.int32)], [1])
    probabilities = 1 / (1 + np.exp(-logits[y0 : y1 + 1, x0 : x1 + 1]))
    return float(cv2.mean(probabilities, inside)[0])


def _clockwise(corners: Quad) -> Quad:
    """Corners from the top left, clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.stack([left[0], right[0], right[1], left[1]])
