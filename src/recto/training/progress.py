"""Progress: what a training run tells while it goes on, and to whom."""

from dataclasses import dataclass
from typing import Literal, Protocol

GOES_ON = "--resume goes on (in a workspace, recto improve does so by itself)"
"""What hints say where a training stopped that needn't begin anew."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One validation line (or page) that was read wrongly: the label and what was read."""

    label: str
    reading: str


@dataclass(frozen=True, slots=True)
class Score:
    """Micro CER and WER over lines or pages (`unit`; without case where the label has none), share read
    exactly, samples.
    """

    cer: float
    wer: float
    errors: int
    characters: int
    exact: float
    samples: tuple[Sample, ...]
    unit: Literal["lines", "pages", "answers"] = "lines"


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch did: mean loss (per line, or per token of the answers), drift from the base on general
    lines (KL per frame; None where a way doesn't measure it), the validation score afterwards, how long it
    took. Epoch 0 is the base model. `learning_rate` is that of its last step, `speed` that of training
    without validation, in `speed_unit` a second.

    Where a recipe scores more often than once an epoch, the stretch between two scores counts as one:
    `step` is then the step at its end, and 0 else.
    """

    number: int
    loss: float
    drift: float | None
    score: Score
    seconds: float
    is_best: bool
    learning_rate: float = 0.0
    speed: float = 0.0
    speed_unit: Literal["lines", "tokens"] = "lines"
    step: int = 0

    @property
    def name(self) -> str:
        """`base model`, `epoch 3`, `step 150`."""
        if not self.number:
            return "base model"
        return f"step {self.step}" if self.step else f"epoch {self.number}"


class Progress(Protocol):
    """Hears of stages ("cutting lines"), of steps within one, of finished epochs, and of plain remarks."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` steps begins."""
        ...

    def advance(self, steps: int) -> None:
        """Some steps of the stage are done."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is done."""
        ...

    def say(self, remark: str) -> None:
        """Something worth a line."""
        ...


class Silent:
    """A Progress that tells nobody."""

    def stage(self, name: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""

    def epoch(self, epoch: Epoch) -> None:
        """Nothing."""

    def say(self, remark: str) -> None:
        """Nothing."""
