"""Frames to text: repeats and blanks, and spaces that nearly won."""

import numpy as np
import pytest

from recto.engines.ppocr.ctc import frames_of_words, places_of_words, spell

SPELLING = ["", "a", "b", " "]


@pytest.mark.parametrize(
    ("classes", "text", "frames"),
    [
        ([0, 1, 1, 0, 1, 2], "aab", [1, 4, 5]),
        ([], "", []),
        ([0, 0], "", []),
        ([2, 0, 2, 2, 3, 0], "bb", [0, 2, 4]),
        ([3, 1, 3, 3, 0, 3, 2], "a b", [0, 1, 2, 5, 6]),
    ],
)
def test_repeats_count_once_and_blanks_not_at_all(classes: list[int], text: str, frames: list[int]) -> None:
    found, steps = spell(np.array(classes, np.int64), np.zeros(len(classes), np.float32), SPELLING, 0.0)
    assert (found, steps.tolist()) == (text, frames)


@pytest.mark.parametrize(("near_space", "text"), [(0.0, "ab"), (-2.0, "ab"), (-2.1, "a b")])
def test_a_space_that_nearly_won_between_two_characters(near_space: float, text: str) -> None:
    margins = np.array([-0.5, -9, -2, -9, -0.5], np.float32)
    assert spell(np.array([1, 0, 0, 0, 2], np.int64), margins, SPELLING, near_space)[0] == text


@pytest.mark.parametrize(
    ("classes", "margins", "words"),
    [
        ([0, 1, 1, 0, 1, 2], {}, [[1, 4, 5]]),
        ([3, 1, 3, 3, 0, 3, 2], {}, [[1], [6]]),
        ([1, 0, 2, 0, 1, 3, 2], {1: -0.5}, [[0], [2, 4], [6]]),
    ],
)
def test_the_frames_of_each_word(
    classes: list[int], margins: dict[int, float], words: list[list[int]]
) -> None:
    margin = np.array([margins.get(at, -9.0) for at in range(len(classes))], np.float32)
    text, steps = spell(np.array(classes, np.int64), margin, SPELLING, -1.0)
    found = frames_of_words(text, np.array(classes, np.int64), steps, SPELLING)
    assert [frames.tolist() for frames in found] == words


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ([[4]], [(0.0, 1.0)]),
        ([[1, 3], [7, 9]], [(0.05, 0.45), (0.65, 1.0)]),  # a character each two frames, the last one cut off
        ([[0, 4], [5, 9]], [(0.0, 0.5), (0.5, 1.0)]),  # two that touch meet half-way
    ],
)
def test_where_words_stand_along_their_line(
    words: list[list[int]], places: list[tuple[float, float]]
) -> None:
    found = places_of_words([np.array(word) for word in words], 10.0)
    assert found == [pytest.approx(place) for place in places]
