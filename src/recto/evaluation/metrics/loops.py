"""Repetition loops: an engine that says the same piece again and again. Pure; cutting them is not its job."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_TIMES = 8
"""A piece must stand at least this often in a row: tables repeat "0.00" a few times by right."""

MIN_CHARACTERS = 60
"""And the run must be at least this long: a ruled line of dashes is no loop of interest."""

MAX_PERIOD = 200
"""The longest piece looked for, in characters."""


@dataclass(frozen=True, slots=True)
class Loop:
    """`piece` stands `times` times in a row from character `start`."""

    piece: str
    start: int
    times: int


def find_loop(text: str) -> Loop | None:
    """The longest loop of `text`, or None. Pieces without a letter or digit (rulers, dots) don't count."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    best: Loop | None = None
    longest = 0
    for period in range(1, min(MAX_PERIOD, len(text) // MIN_TIMES) + 1):
        start, length = _longest_run(codes[:-period] == codes[period:])
        covered = length + period
        if covered < max(MIN_CHARACTERS, MIN_TIMES * period) or covered <= longest:
            continue
        piece = text[start : start + period]
        if any(c.isalnum() for c in piece):
            best, longest = Loop(piece, start, covered // period), covered
    return best


def _longest_run(same: NDArray[np.bool_]) -> tuple[int, int]:
    """Start and length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    if not len(edges):
        return 0, 0
    lengths = edges[1::2] - edges[::2]
    i = int(lengths.argmax())
    return int(edges[2 * i]), int(lengths[i])
