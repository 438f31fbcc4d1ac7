"""Lesson: what a training of the recogniser learnt from what, in numbers. It imports no torch."""

from dataclasses import dataclass
from typing import Literal

from recto.training.progress import Score


@dataclass(frozen=True, slots=True)
class CtcLesson:
    """What was learnt from what: counts of lines and letters, scores on validation lines, best epoch.

    `aligned_lines` have their labels from page text. `letters_read` got their case from the base model's
    reading, `letters_guessed` from neighbours.
    """

    train_lines: int
    val_lines: int
    left_out: dict[str, int]
    unwritable: str
    aligned_lines: int
    letters_read: int
    letters_guessed: int
    before: Score
    after: Score
    epochs: int
    best_epoch: int
    trained_classes: int
    features_mb: float
    parity: float
    pieces: int = 1
    """In how many a step was computed at the end; over the recipe's `accumulation` where memory ran out."""
    lines_per_s: float = 0.0
    """Speed of the epochs, without validation."""
    kind: Literal["ctc"] = "ctc"

    @property
    def improved(self) -> bool:
        """Whether an epoch was kept: it beat the base model, or the lines were too few to tell."""
        return self.best_epoch > 0
