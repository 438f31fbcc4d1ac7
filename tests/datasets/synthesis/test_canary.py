"""The canary pages: fixed, in four languages, of lines that training never replays; boxes hold their ink."""

import io

import numpy as np
import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.datasets.synthesis.canary import canary_examples
from recto.datasets.synthesis.canary_texts import TEXTS

SIGNS = "äöüßÄÖÜéèêçœñÑ¿¡€$£§%&@#+=/°™“”–"


def pixels(example: Example) -> np.ndarray:
    assert isinstance(example.source, bytes)
    return np.asarray(Image.open(io.BytesIO(example.source)), np.float32)


def test_they_are_the_same_every_time() -> None:
    first = canary_examples()
    canary_examples.cache_clear()
    assert canary_examples() == first


def test_every_language_and_every_sign_is_there() -> None:
    assert {example.language for example in canary_examples()} == {"en", "de", "fr", "es", None}
    everything = "".join(example.text or "" for example in canary_examples())
    assert not set(SIGNS) - set(everything)
    assert 6000 < len(everything) < 9000


def test_they_belong_to_no_split() -> None:
    assert {example.split for example in canary_examples()} == {None}


def test_no_line_is_there_twice() -> None:
    lines = [line for page in TEXTS.values() for line in page]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("example", canary_examples(), ids=lambda example: example.image)
def test_boxes_hold_the_ink(example: Example) -> None:
    image = pixels(example)
    paper = float(np.median(image))
    dark = image < paper - 60
    inside = np.zeros_like(dark)
    for line in example.lines or ():
        x0, y0, x1, y1 = (round(value) for value in line.box)
        assert 0 <= x0 < x1 <= image.shape[1] and 0 <= y0 < y1 <= image.shape[0]
        assert dark[y0:y1, x0:x1].mean() > 0.02, line.text
        inside[max(y0 - 2, 0) : y1 + 3, max(x0 - 2, 0) : x1 + 3] = True
    assert not (dark & ~inside).any()
    assert [line.text for line in example.lines or ()] == (example.text or "").split("\n")
