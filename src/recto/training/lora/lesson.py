"""LoraLesson: what a fine-tuning of a language model learnt and took. It imports no torch."""

from dataclasses import dataclass, replace
from typing import Literal

from recto.training.progress import Score


@dataclass(frozen=True, slots=True)
class Memory:
    """Peak memory of training in MiB: what the formula said before, what was measured (None: nobody tells).

    It is the GPU's where one trains, else the process's. `weights_mb` is what was taken before anything was
    trained: the base, and on a CPU the program. `learnt_mb` is for gradients and optimiser of what learns,
    `step_mb` what a step takes on top.
    """

    weights_mb: float
    learnt_mb: float
    step_mb: float
    measured_mb: float | None = None

    @property
    def estimated_mb(self) -> float:
        """All that was expected."""
        return self.weights_mb + self.learnt_mb + self.step_mb


@dataclass(frozen=True, slots=True)
class LoraLesson:
    """What was learnt from what, by whom: scores on validation pages, steps, speed, parity, memory.

    Of a model of text (`kind`), pages are documents.

    `backend` is who ran and `why` it did; `optimiser`, `device`, `dtype` and `attention` are those that ran.
    `parity` is the largest difference of a token's probability between what was trained, what was written
    and read again, and what was merged. `pages_at_once` is below the recipe's where memory ran out.
    """

    train_pages: int
    val_pages: int
    before: Score
    after: Score
    epochs: int
    best_epoch: int
    steps: int
    best_step: int
    backend: str
    why: str
    method: str
    optimiser: str
    device: str
    dtype: str
    attention: str
    trainable_parameters: int
    total_parameters: int
    tokens: int
    tokens_per_s: float
    pages_at_once: int
    parity: float
    memory: Memory | None = None
    kind: Literal["lora", "text"] = "lora"

    @property
    def improved(self) -> bool:
        """Whether an evaluation beat the base model; else what is written reads as the base does."""
        return self.best_epoch > 0

    def with_parity(self, parity: float) -> "LoraLesson":
        """The same, with what was found once the model was written."""
        return replace(self, parity=parity)
