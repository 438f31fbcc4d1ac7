"""Pages of an engine that is far too sure: of lines said with 0.99, one in five is wrong; with 0.6, half."""

import numpy as np

from recto.corrections.calibration.judged import JudgedPage
from recto.evaluation.metrics.trust import Judged

LEVELS = ((0.99, 0.8), (0.9, 0.7), (0.6, 0.5))
"""What is said, and how much of it is right."""


def too_sure(documents: int, lines: int = 10, *, drawn: bool = False, seed: int = 5) -> list[JudgedPage]:
    random = np.random.default_rng(seed)
    pages = []
    for number in range(documents):
        said: list[Judged] = []
        for _ in range(lines):
            confidence, right = LEVELS[int(random.integers(len(LEVELS)))]
            said.append((confidence, bool(random.random() < right)))
        pages.append(JudgedPage(f"{number:04}", drawn, tuple(said), all(right for _, right in said)))
    return pages


def ranked(documents: int, wrong_below: float, lines: int = 10) -> list[JudgedPage]:
    """Lines with confidences of all sizes; those below `wrong_below` are wrong, and these alone."""
    pages = []
    for number in range(documents):
        said = tuple((c, c >= wrong_below) for c in ((i + number / documents) / lines for i in range(lines)))
        pages.append(JudgedPage(f"{number:04}", True, said, all(right for _, right in said)))
    return pages
