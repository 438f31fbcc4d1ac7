import re
from xml.etree import ElementTree

import pytest

from recto.evaluation.plots import before_after, distribution


@pytest.mark.parametrize(
    ("candidate", "baseline"),
    [([0.0], None), ([0.0], [0.0]), ([0.02, 0.5, 1.0], [0.1, 0.2, 1.0]), ([0.01] * 500, [0.04] * 500)],
)
def test_the_spread_is_one_svg_in_the_colours_of_the_page(candidate, baseline):
    text = distribution(candidate, baseline)
    ElementTree.fromstring(text)
    assert "var(--candidate)" in text
    assert ("var(--baseline)" in text) == (baseline is not None)
    assert not re.search(r"http|#0[123]0[123]0[123]|<style", text)


def test_one_dot_for_each_document():
    text = before_after([0.1, 0.2, 0.3], [0.2, 0.2, 0.2])
    dots = re.findall(r'<use [^>]*style="fill: var\(--candidate\)', text)
    assert len(dots) == 3
    assert "better" in text


def test_two_plots_share_no_id():
    first, second = distribution([0.1], None), before_after([0.1], [0.2])
    ids = re.findall(r'id="([^"]+)"', first + second)
    assert len(ids) == len(set(ids))


def test_the_same_figures_give_the_same_plot():
    assert distribution([0.1, 0.2], None) == distribution([0.1, 0.2], None)
