"""Thresholds: where they lie, what they leave, and that no error seen isn't promised to be none."""

import pytest

from recto.corrections.calibration.choosing import choose
from recto.corrections.calibration.judged import JudgedPage

from .conftest import ranked, too_sure


def test_the_threshold_lies_where_mistakes_begin() -> None:
    choice = choose(ranked(50, wrong_below=0.2), 0.99, whole_pages=False)
    assert choice.threshold == pytest.approx(0.2, abs=0.02)
    assert choice.share == pytest.approx(0.8, abs=0.02) and choice.error < 0.02
    assert choice.low <= choice.error < choice.high


def test_no_error_seen_isnt_none() -> None:
    pages = [JudgedPage(f"{i}", True, ((0.9, True),), True) for i in range(50)]
    choice = choose(pages, 0.99, whole_pages=False)
    assert (choice.share, choice.error, choice.low) == (1.0, 0.0, 0.0)
    assert choice.high == pytest.approx(0.0713, abs=0.001)  # Wilson, 0 of 50


def test_an_engine_that_is_too_sure_is_never_accepted() -> None:
    choice = choose(too_sure(100), 0.99, whole_pages=False)
    assert (choice.threshold, choice.share, choice.low, choice.high) == (None, 0.0, 0.0, 1.0)


def test_a_page_is_as_sure_as_its_least_sure_line() -> None:
    sure = [JudgedPage(f"s{i}", True, ((0.99, True), (0.95, True)), True) for i in range(30)]
    unsure = [JudgedPage(f"u{i}", True, ((0.99, True), (0.5, True)), False) for i in range(30)]
    unsaid = [JudgedPage(f"n{i}", True, (), True) for i in range(30)]
    choice = choose(sure + unsure + unsaid, 0.99, whole_pages=True)
    assert (choice.threshold, choice.share, choice.error) == (0.95, pytest.approx(1 / 3), 0.0)


def test_errors_that_come_together_make_the_interval_wider() -> None:
    spread = [JudgedPage(f"{i:03}", True, ((0.9, False),) + ((0.9, True),) * 9, False) for i in range(50)]
    heaped = [JudgedPage(f"{i:03}", True, ((0.9, i >= 5),) * 10, i >= 5) for i in range(50)]
    wide, narrow = (choose(pages, 0.8, whole_pages=False) for pages in (heaped, spread))
    assert wide.error == narrow.error == pytest.approx(0.1)
    assert wide.high - wide.low > narrow.high - narrow.low
