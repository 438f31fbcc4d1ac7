"""Traced: a Run's stages as spans, by the progress that it tells anyway. It sends and learns nothing."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from recto.observability.spans import span
from recto.training.progress import Epoch, Progress
from recto.training.train import MEASURING


@contextmanager
def traced(progress: Progress) -> Iterator["TracedProgress"]:
    """A Progress that makes a span of each stage, the last of which ends with the block."""
    with ExitStack() as stages:
        yield TracedProgress(progress, stages)


class TracedProgress:
    """Passes everything on to `progress`; the span of a stage ends when the next one begins."""

    def __init__(self, progress: Progress, stages: ExitStack) -> None:
        self._progress, self._stages = progress, stages

    def stage(self, name: str, total: int) -> None:
        """A stage begins: measuring the test documents is `evaluate`, all else of a Run is `train`."""
        self._stages.close()
        self._stages.enter_context(span("evaluate" if name.startswith(MEASURING) else "train", stage=name))
        self._progress.stage(name, total)

    def advance(self, steps: int) -> None:
        """Some steps are done."""
        self._progress.advance(steps)

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is done."""
        self._progress.epoch(epoch)

    def say(self, remark: str) -> None:
        """A remark."""
        self._progress.say(remark)
