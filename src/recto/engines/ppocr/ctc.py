"""Greedy CTC decoding: the best class of each frame → text. Reading and training share it.

CTC: Graves et al., 2006. Classes: 0 is the blank, the last one the space.
"""

from collections.abc import Sequence
from itertools import pairwise

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
