"""Views: altered copies keep their shape, differ, and repeat by seed."""

import numpy as np
import pytest

from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.replay import general_lines_for
from recto.training.ctc.views import altered, views_of


@pytest.mark.parametrize("width", [16, 48, 400, 3200])
def test_copies_keep_the_shape_and_repeat_by_seed(width: int) -> None:
    line = np.random.default_rng(1).integers(0, 255, (48, width, 3)).astype(np.uint8)
    one, two = (altered(line, np.random.default_rng(7)) for _ in range(2))
    other = altered(line, np.random.default_rng(8))
    assert one.shape == line.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("lines", "views"), [(1, 2), (500, 2), (2_500, 2), (3_300, 2), (5_000, 1), (5_001, 0), (50_000, 0)]
)
def test_few_lines_get_more_copies(lines: int, views: int) -> None:
    assert views_of(lines, CtcRecipe()) == views


def test_no_copies_when_none_are_wanted() -> None:
    assert views_of(10, CtcRecipe(views=0)) == 0


@pytest.mark.parametrize(("lines", "general"), [(0, 300), (500, 300), (1_200, 600), (24_000, 2_000)])
def test_general_lines_go_with_the_lines_of_documents(lines: int, general: int) -> None:
    assert general_lines_for(lines, CtcRecipe()) == general
    assert general_lines_for(lines, CtcRecipe(replay_lines=0)) == 0
