"""Boxes are drawn where the lines are, in the colour of their confidence; the page itself stays as it is."""

import numpy as np
import pytest

from recto.documents.overlay import confidence_colour, draw_overlay
from recto.documents.transcript import Line


@pytest.fixture
def white() -> np.ndarray:
    return np.full((100, 200, 3), 255, np.uint8)


def test_the_outline_has_the_colour_and_the_page_is_untouched(white: np.ndarray) -> None:
    drawn = draw_overlay(white, [Line("a", (20, 30, 120, 60), 0.99)])
    assert white.min() == 255
    assert drawn.shape == white.shape and drawn.dtype == np.uint8
    assert np.abs(drawn[30, 70].astype(int) - confidence_colour(0.99)).max() < 40
    assert (drawn[:25] == 255).all() and (drawn[:, 130:] == 255).all()
    assert 200 < drawn[45, 70].mean() < 255


def test_a_polygon_is_drawn_rather_than_its_box(white: np.ndarray) -> None:
    polygon = ((20.0, 50.0), (70.0, 20.0), (120.0, 50.0), (70.0, 80.0))
    drawn = draw_overlay(white, [Line("a", (20, 20, 120, 80), 0.99, polygon)])
    assert drawn[22, 22].min() == 255
    assert drawn[50, 70].min() < 255


def test_unsure_lines_say_how_unsure(white: np.ndarray) -> None:
    box = (20.0, 30.0, 120.0, 60.0)
    sure, unsure = (draw_overlay(white, [Line("a", box, value)]) for value in (0.9, 0.4))
    red = np.array(confidence_colour(0.4))
    assert (np.abs(unsure.astype(int) - red).max(axis=2) < 10).sum() > 2 * sum(box[2:]) // 3
    assert not np.array_equal(sure, unsure)


@pytest.mark.parametrize(
    "box", [(-50, -50, 500, 500), (10, 10, 10, 10), (199, 99, 250, 150), (60, 50, 20, 10)]
)
def test_boxes_beyond_the_page_or_without_area(white: np.ndarray, box: tuple[int, ...]) -> None:
    assert draw_overlay(white, [Line("a", box, 0.1)]).shape == white.shape


def test_colours_tell_sure_from_unsure_and_from_unrated() -> None:
    assert len({confidence_colour(value) for value in (None, 0.2, 0.85, 0.99)}) == 4
    assert draw_overlay(np.zeros((5, 5, 3), np.uint8), []).max() == 0


def test_lines_without_a_place_arent_drawn(white: np.ndarray) -> None:
    assert np.array_equal(draw_overlay(white, [Line("a", (0, 0, 200, 100), 0.4)]), white)
