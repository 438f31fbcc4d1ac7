"""Progress: what a training run tells while it goes on, and to whom."""

from dataclasses import dataclass
from typing import Protocol

GOES_ON = "--resume goes on (in a workspace, recto improve does so by itself)"
"""What hints say where a training stopped that needn't begin anew."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One validation line that was read wrongly: the label and what was read."""

    label: str
    reading: str


@dataclass(frozen=True, slots=True)
class LineScore:
    """Micro CER and WER over lines (without case where the label has none), share read exactly, samples."""

    cer: float
    wer: float
    errors: int
    characters: int
    exact: float
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch did: mean CTC loss per line, drift from the base on general lines (KL per frame),
    the validation score afterwards, and how long it took. Epoch 0 is the base model. `learning_rate` is
    that of its last step, `lines_per_s` the speed of training without validation.
    """

    number: int
    loss: float
    drift: float
    score: LineScore
    seconds: float
    is_best: bool
    learning_rate: float = 0.0
    lines_per_s: float = 0.0


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
