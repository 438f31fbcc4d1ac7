"""What `recto improve` shows while it works: a bar per stage, a line per epoch, sample readings."""

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recto.training.progress import Epoch

_SAMPLES = 2
_SHOWN = 100


class ConsoleProgress:
    """A `recto.training.progress.Progress` on stderr; bars only on a terminal, epochs always."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bars.add_task("starting", total=None)

    def __enter__(self) -> "ConsoleProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def stage(self, name: str, total: int) -> None:
        """Start the bar of a stage."""
        if not self._console.is_terminal:
            self.say(f"{name} …")
        self._bars.reset(self._task, description=name, total=total)

    def advance(self, steps: int) -> None:
        """Move the bar."""
        self._bars.advance(self._task, steps)

    def epoch(self, epoch: Epoch) -> None:
        """Print the epoch's figures, and some lines or pages that were read wrongly."""
        score = epoch.score
        loss = f"  loss {epoch.loss:.3f}" if epoch.number else ""
        speed = f", {epoch.speed:.0f} {epoch.speed_unit}/s" if epoch.number else ""
        best = "  (best so far)" if epoch.number and epoch.is_best else ""
        figures = f"{epoch.name:<10}{loss}  val CER {score.cer:.2%}  WER {score.wer:.2%}"
        self.say(f"{figures}  exact {score.exact:.1%}  {epoch.seconds:.0f} s{speed}{best}")
        for sample in score.samples[:_SAMPLES]:
            self.say(f"    label {_start(sample.label)}, read {_start(sample.reading)}")

    def say(self, remark: str) -> None:
        """Print one line above the bar."""
        self._bars.console.print(escape(remark), highlight=False, soft_wrap=True)


def _start(text: str) -> str:
    """A line, or the beginning of a page, in quotes."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
