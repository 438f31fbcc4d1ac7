"""Plots: one SVG each in the colours of the page, whatever there is to draw."""

import pytest

from recto.evaluation.fields import plots
from recto.evaluation.metrics.trust import Judged

SOME: list[Judged] = [(place / 20, place % 3 > 0) for place in range(20)]


@pytest.mark.parametrize("plot", [plots.trust, plots.automation])
@pytest.mark.parametrize(("now", "before"), [(SOME, None), (SOME, SOME[:5]), ([], []), ([(1.0, True)], None)])
def test_one_svg_in_the_colours_of_the_page(plot, now, before):
    svg = plot(now, before)
    assert svg.startswith("<svg") and svg.count("<svg") == 1
    assert "var(--candidate)" in svg or not now
    assert ("var(--baseline)" in svg) == bool(before)
    assert "http" not in svg
