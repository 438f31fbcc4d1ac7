"""Order: which pages make which step. It depends on seed and epoch alone, so a step can be found again.

Pages of about the same length share a step, so that little of a batch is padding; which steps there are, and
in which order, is shuffled anew each epoch.
"""

import random
from collections.abc import Sequence

_POOL_STEPS = 16
"""Lengths are sorted within so many steps: many for little padding, few for new company each epoch."""


def steps_of_epoch(lengths: Sequence[int], step_pages: int, seed: int, epoch: int) -> list[tuple[int, ...]]:
    """The pages (as places in `lengths`) of each step of an epoch; each page once, the longest first."""
    rng = random.Random(f"{seed} {epoch}")
    shuffled = list(range(len(lengths)))
    rng.shuffle(shuffled)
    pool = step_pages * _POOL_STEPS
    steps: list[tuple[int, ...]] = []
    for start in range(0, len(shuffled), pool):
        by_length = sorted(shuffled[start : start + pool], key=lambda page: -lengths[page])
        steps += [tuple(by_length[at : at + step_pages]) for at in range(0, len(by_length), step_pages)]
    rng.shuffle(steps)
    return steps


def steps_per_epoch(pages: int, step_pages: int) -> int:
    """How many steps `steps_of_epoch` gives."""
    return -(-pages // step_pages)


def parts(pages: Sequence[int], at_once: int, rank: int, ranks: int) -> list[tuple[int, ...]]:
    """What one of `ranks` processes computes of a step, `at_once` pages at a time."""
    mine = pages[rank::ranks]
    return [tuple(mine[at : at + at_once]) for at in range(0, len(mine), at_once)]
