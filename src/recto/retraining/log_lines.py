"""Log lines: what a loop without a terminal tells, one plain line each, with the time (UTC) before it."""

import sys
from collections.abc import Callable

from recto.training.progress import Epoch
from recto.workspace.utc import now

Log = Callable[[str], None]


def write_line(words: str) -> None:
    """One line on standard output, at once; further lines of `words` are indented."""
    text = words.replace("\n", "\n    ")
    sys.stdout.write(f"{now():%Y-%m-%d %H:%M:%S} {text}\n")
    sys.stdout.flush()


class LoggedProgress:
    """A `recto.training.progress.Progress` that logs stages, epochs and remarks, and no single steps."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def stage(self, name: str, total: int) -> None:
        """A line for the stage."""
        self._log(f"{name} ({total})")

    def advance(self, steps: int) -> None:
        """Nothing: a log isn't a bar."""

    def epoch(self, epoch: Epoch) -> None:
        """A line for the epoch."""
        loss = f", loss {epoch.loss:.3f}" if epoch.number else ""
        best = " (best so far)" if epoch.number and epoch.is_best else ""
        read = f"validation {epoch.score.unit} CER {epoch.score.cer:.2%}"
        self._log(f"{epoch.name}{loss}: {read}, {epoch.seconds:.0f} s{best}")

    def say(self, remark: str) -> None:
        """The remark as a line."""
        self._log(remark)
