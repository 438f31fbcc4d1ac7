"""Boxes follow the pixels exactly through skew, perspective and bent paper."""

import numpy as np
import pytest

from recto.datasets.synthesis.printing import Sheet
from recto.datasets.synthesis.wear import Shot, photograph, scan
from recto.documents.transcript import Line

WEARS = {"scan": scan, "photo": photograph}
BOX = (120, 300, 580, 330)


def bar() -> Sheet:
    image = np.full((1000, 700, 3), 255, np.uint8)
    image[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 0
    return Sheet(image, (Line("bar", tuple(float(v) for v in BOX)),))


def shot(how: str, seed: int, *, thermal: bool = False) -> Shot:
    return WEARS[how](bar(), np.random.default_rng(seed), thermal=thermal)


@pytest.mark.parametrize("how", WEARS)
@pytest.mark.parametrize("seed", range(4))
def test_boxes_follow_the_pixels(how: str, seed: int) -> None:
    taken = shot(how, seed)
    x0, y0, x1, y1 = (round(v) for v in taken.lines[0].box)
    window = taken.image[y0 - 25 : y1 + 25, x0 - 25 : x1 + 25].astype(np.float32).mean(axis=2)
    dark = window < (np.percentile(window, 90) + np.percentile(window, 5)) / 2
    rows, columns = np.flatnonzero(dark.mean(axis=1) > 0.05), np.flatnonzero(dark.mean(axis=0) > 0.2)
    seen = (x0 - 25 + columns[0], y0 - 25 + rows[0], x0 - 25 + columns[-1], y0 - 25 + rows[-1])
    assert np.abs(np.array(seen) - np.array([x0, y0, x1, y1])).max() <= 6


@pytest.mark.parametrize("how", WEARS)
def test_the_polygon_lies_in_the_box_and_on_the_picture(how: str) -> None:
    for seed in range(6):
        taken = shot(how, seed, thermal=True)
        line = taken.lines[0]
        assert line.polygon is not None
        height, width = taken.image.shape[:2]
        xs, ys = zip(*line.polygon, strict=True)
        assert (min(xs), min(ys), max(xs), max(ys)) == pytest.approx(line.box)
        assert min(xs) >= 0 and max(xs) <= width and min(ys) >= 0 and max(ys) <= height


@pytest.mark.parametrize("how", WEARS)
def test_the_same_seed_wears_in_the_same_way(how: str) -> None:
    assert np.array_equal(shot(how, 3).image, shot(how, 3).image)
    assert not np.array_equal(shot(how, 3).image, shot(how, 4).image[: shot(how, 3).image.shape[0]])


def test_thermal_print_is_paler() -> None:
    fresh = [int(shot("scan", seed).image.min()) for seed in range(5)]
    faded = [int(shot("scan", seed, thermal=True).image.min()) for seed in range(5)]
    assert sum(faded) > sum(fresh)
