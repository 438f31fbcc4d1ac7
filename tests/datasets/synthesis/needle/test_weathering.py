"""Boxes follow the pixels exactly through every look; ink is ink whatever prints it."""

import numpy as np
import pytest

from recto.datasets.synthesis.needle.sheet import Cell, Sheet
from recto.datasets.synthesis.needle.typefaces import Typeface
from recto.datasets.synthesis.needle.weathering import Look, picture

OUTLINES = Typeface("DejaVuSans", 24)
NEEDLES = Typeface("DejaVuSansMono", 10, pitch_px=2.5)


@pytest.mark.parametrize("look", list(Look))
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_boxes_follow_the_pixels(look: Look, seed: int) -> None:
    ink = np.zeros((600, 500), np.float32)
    box = (120, 300, 380, 340)
    ink[300:340, 120:380] = 1.0
    taken = picture(ink, look, np.random.default_rng(seed))
    polygon = taken.polygon(box)
    grey = taken.image.astype(np.float32).mean(axis=2)
    dark = grey < (np.median(grey) + grey.min()) / 2
    rows, columns = np.nonzero(dark)
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    seen = np.percentile(columns, [0.2, 99.8]).tolist() + np.percentile(rows, [0.2, 99.8]).tolist()
    assert seen == pytest.approx([min(xs), max(xs), min(ys), max(ys)], abs=4)


@pytest.mark.parametrize("face", [OUTLINES, NEEDLES], ids=["outlines", "needles"])
def test_ink_is_cut_to_what_is_printed(face: Typeface) -> None:
    ink = face.ink("Total 12.50", np.random.default_rng(0))
    assert ink.dtype == np.float32
    assert 0.9 <= ink.max() <= 1.0 and ink.min() == 0.0
    assert ink[:, :4].any() and ink[:, -4:].any()
    assert face.ink("Total 12.50 EUR", np.random.default_rng(0)).shape[0] == ink.shape[0]


def test_lost_dots_are_lost() -> None:
    whole = NEEDLES.ink("8888", np.random.default_rng(0)).sum()
    worn = (
        Typeface("DejaVuSansMono", 10, pitch_px=2.5, lost_dots=0.5)
        .ink("8888", np.random.default_rng(0))
        .sum()
    )
    assert worn < 0.7 * whole


def test_a_row_is_one_row_of_text_and_what_would_touch_moves_down() -> None:
    sheet = Sheet(400, margin_px=20, rng=np.random.default_rng(0))
    sheet.row(OUTLINES, Cell("Tea"), Cell("3.20", 1.0, end=True))
    sheet.row(OUTLINES, Cell("A very long name of some goods"), Cell("14.00", 1.0, end=True))
    assert sheet.text.splitlines() == ["Tea 3.20", "A very long name of some goods", "14.00"]


def test_a_rule_is_no_text() -> None:
    sheet = Sheet(300, margin_px=10, rng=np.random.default_rng(0))
    sheet.rule(OUTLINES, dash_px=5)
    assert sheet.text == "" and sheet.ink.sum() > 100
