"""Guards: n-grams that may not come again, pages without ink. Ends that go in circles: test_loops."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recto.documents.page import Image
from recto.engines.vlm.choosing import NoRepeatedNGrams, table_tokens
from recto.engines.vlm.guards import ink_px
from recto.errors import EngineError

from ...tiny import page_image

WORDS = 12


def forbidden(guard: NoRepeatedNGrams, rows: list[list[int]]) -> list[set[int]]:
    scores = guard(torch.tensor(rows), torch.zeros(len(rows), WORDS))
    return [set(torch.isneginf(row).nonzero().flatten().tolist()) for row in scores]


CASES = {
    "the third of 1 2 3": ([1, 2, 3, 1, 2], 90, {3}),
    "what followed twice": ([1, 2, 3, 1, 2, 4, 1, 2], 90, {3, 4}),
    "too short": ([1, 2], 90, set()),
    "nothing came again": ([1, 2, 3, 4, 5], 90, set()),
    "one token in a row": ([7, 7, 7], 90, {7}),
    "out of the window": ([1, 2, 3, 4, 5, 6, 1, 2], 7, set()),
    "just in the window": ([1, 2, 3, 4, 5, 6, 1, 2], 8, {3}),
    "no window": ([1, 2, 3, *[4, 5, 6, 7, 8, 9] * 30, 1, 2], 0, {3}),
}


@pytest.mark.parametrize(("written", "window", "expected"), CASES.values(), ids=CASES)
def test_the_end_of_an_ngram_is_forbidden(written: list[int], window: int, expected: set[int]) -> None:
    assert forbidden(NoRepeatedNGrams(3, window, prompt=0), [written]) == [expected]


def test_allowed_tokens_are_never_forbidden() -> None:
    guard = NoRepeatedNGrams(3, 90, prompt=0, allowed=frozenset({3, 11}))
    assert forbidden(guard, [[1, 2, 3, 1, 2], [1, 2, 4, 1, 2]]) == [set(), {4}]


def test_the_prompt_doesnt_count() -> None:
    assert forbidden(NoRepeatedNGrams(3, 90, prompt=3), [[1, 2, 3, 1, 2]]) == [set()]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(2, 5), st.integers(5, 20))
def test_it_forbids_what_a_plain_search_would(written: list[int], size: int, window: int) -> None:
    recent = written[-window:]
    tail = written[len(written) - size + 1 :]
    again = {
        recent[i + size - 1]
        for i in range(len(recent) - size + 1)
        if len(written) >= size and recent[i : i + size - 1] == tail
    }
    assert forbidden(NoRepeatedNGrams(size, window, prompt=0), [written]) == [again]


def test_scores_of_all_others_stay() -> None:
    scores = torch.arange(WORDS, dtype=torch.float32)[None]
    guarded = NoRepeatedNGrams(3, 90, prompt=0)(torch.tensor([[1, 2, 3, 1, 2]]), scores)
    assert guarded[0, 4:].tolist() == scores[0, 4:].tolist()


def test_marks_of_tables_are_those_that_the_tokenizer_has() -> None:
    assert table_tokens({"<td>": 5, "</td>": 6, "a": 1}) == {5, 6}
    assert table_tokens({"a": 1}) == frozenset()


def paper(grey: int = 255, noise: float = 0.0, size: tuple[int, int] = (1100, 800)) -> Image:
    random = np.random.default_rng(0)
    pixels = grey + random.normal(0, noise, (*size, 3)) if noise else np.full((*size, 3), float(grey))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def shaded() -> Image:
    """A photo of an empty sheet: dark in one corner."""
    across, down = np.meshgrid(np.linspace(0, 90, 800), np.linspace(0, 60, 1100))
    return np.repeat((240 - across - down)[..., None], 3, axis=2).astype(np.uint8)


def dusty() -> Image:
    page = paper(250, noise=3)
    for x, y in np.random.default_rng(1).integers(30, 770, (60, 2)):
        page[y : y + 2, x : x + 2] = 120
    return page


def with_shadow_at_the_edge() -> Image:
    page = paper(245)
    page[:, :15] = 60
    return page


BLANK = {
    "white": paper(),
    "black": paper(0),
    "grey and noisy": paper(200, noise=12),
    "shaded": shaded(),
    "dusty": dusty(),
    "a scanner's shadow": with_shadow_at_the_edge(),
    "one pixel": paper(size=(1, 1)),
    "huge": paper(size=(3000, 2200)),
}


@pytest.mark.parametrize("image", BLANK.values(), ids=BLANK)
def test_pages_without_ink_are_blank(image: Image) -> None:
    assert ink_px(image) == 0


def printed(text: str, *, grey: int = 0, noise: float = 0.0, scale: float = 0.5) -> Image:
    page = paper(255, noise)
    cv2.putText(page, text, (300, 1000), cv2.FONT_HERSHEY_SIMPLEX, scale, (grey,) * 3, 1, cv2.LINE_AA)
    return page


def dense() -> Image:
    """Print from edge to edge, so that more of the page is near ink than not."""
    page = paper()
    for y in range(12, 1100, 13):
        cv2.putText(
            page, "the seller and the buyer " * 6, (0, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1
        )
    return page


INKED = {
    "a page number": printed("3"),
    "faint print": printed("page 3", grey=215),
    "on noisy paper": printed("page 3", noise=6),
    "white on black": (255 - printed("page 3")).astype(np.uint8),
    "one line of text": page_image(),
    "dense print": dense(),
    "a tight crop of a word": printed("TOTAL", scale=1.0)[980:1001, 300:400],
}


@pytest.mark.parametrize("image", INKED.values(), ids=INKED)
def test_the_least_print_is_ink(image: Image) -> None:
    assert ink_px(image) > 0


def test_more_text_has_more_ink() -> None:
    assert ink_px(printed("TOTAL 18.99 EUR")) > ink_px(printed("TOTAL")) > ink_px(printed("T"))


def test_a_window_that_holds_no_n_gram_is_our_error() -> None:
    with pytest.raises(EngineError, match="no 30 tokens are within a window of 20"):
        NoRepeatedNGrams(30, 20, prompt=0)
