"""Greedy CTC decoding: the best class of each frame → text. Reading and training share it.

CTC: Graves et al., 2006. Classes: 0 is the blank, the last one the space.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from recto.engines.ppocr.alphabet import BLANK


def spell(
    classes: NDArray[np.int64],
    space_margin: NDArray[np.float32],
    spelling: Sequence[str],
    near_space: float,
) -> tuple[str, NDArray[np.intp]]:
    """The text of one line and the frames that its characters come from.

    Repeated classes count once, blanks not at all. `space_margin` is how far (in logits, ≤ 0) the space lies
    below the best class of each frame: over `near_space` somewhere between two characters, it is a space.
    `spelling` has the character of each class.
    """
    emits = classes != BLANK
    emits[1:] &= classes[1:] != classes[:-1]
    steps = np.flatnonzero(emits)
    if not len(steps):
        return "", steps
    pieces = [spelling[classes[steps[0]]]]
    for before, here in pairwise(steps):
        if space_margin[before + 1 : here].max(initial=-np.inf) > near_space:
            pieces.append(" ")
        pieces.append(spelling[classes[here]])
    return " ".join("".join(pieces).split()), steps


def frames_of_words(
    text: str, classes: NDArray[np.int64], steps: NDArray[np.intp], spelling: Sequence[str]
) -> list[NDArray[np.intp]]:
    """For each word of `text` the frames that its characters come from; all four as `spell` knows them."""
    printed = steps[[not spelling[index].isspace() for index in classes[steps]]]
    ends = list(accumulate(map(len, text.split())))
    return np.split(printed, ends[:-1]) if ends else []


def places_of_words(words: Sequence[NDArray[np.intp]], frames: float) -> list[tuple[float, float]]:
    """The shares of a line `frames` long at which its words begin and end.

    A character's frame is taken for its middle, and characters for equally wide; where two words would
    overlap, they meet half-way.
    """
    first, last = words[0][0], words[-1][-1]
    count = sum(map(len, words)) + len(words) - 1  # characters, with the spaces between words
    half = (last - first) / (2 * (count - 1)) if count > 1 else frames
    bounds = [(word[0] + 0.5 - half, word[-1] + 0.5 + half) for word in words]
    cuts = [(before[-1] + after[0] + 1) / 2 for before, after in pairwise(words)]
    places = zip(bounds, [0.0, *cuts], [*cuts, frames], strict=True)
    return [
        (float(max(start, low) / frames), float(min(end, high) / frames))
        for (start, end), low, high in places
    ]
