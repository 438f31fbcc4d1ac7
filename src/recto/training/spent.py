"""Spent: what a Run really took: seconds by stage and peak memory, over all its attempts."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from pydantic import TypeAdapter

from recto.evaluation.machine import peak_memory_mb
from recto.training.progress import Epoch, Progress
from recto.training.run import Run

_FILE = "spent.json"


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by stage; largest resident memory of training in MiB (None where nobody tells); attempts.

    `seconds` of an attempt that was killed count up to its last epoch or stage.
    """

    seconds: dict[str, float]
    peak_memory_mb: float | None
    attempts: int

    @property
    def total_s(self) -> float:
        """Seconds of all stages."""
        return sum(self.seconds.values())


_JSON = TypeAdapter(Spent)


class Stopwatch:
    """A Progress that times stages, keeps the sums in the run folder, and passes everything on."""

    def __init__(self, run: Run, progress: Progress, clock: Callable[[], float] = perf_counter) -> None:
        earlier = run.read(_FILE)
        self._before = _JSON.validate_json(earlier) if earlier else Spent({}, None, 0)
        self._run, self._progress, self._clock = run, progress, clock
        self._seconds = dict(self._before.seconds)
        self._peak_mb = self._before.peak_memory_mb
        self._stage, self._since = "", clock()
        if run.note:
            progress.say(run.note)

    def spent(self) -> Spent:
        """What was spent until now."""
        self._count()
        seconds = {name: round(value, 2) for name, value in self._seconds.items()}
        return Spent(seconds, self._peak_mb, self._before.attempts + 1)

    def stage(self, name: str, total: int) -> None:
        """A stage begins; the one before is over."""
        self._keep()
        self._stage = name
        self._progress.stage(name, total)

    def advance(self, steps: int) -> None:
        """Some steps are done."""
        self._progress.advance(steps)

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is done."""
        self._note_memory()
        self._keep()
        self._progress.epoch(epoch)

    def say(self, remark: str) -> None:
        """A remark."""
        self._progress.say(remark)

    def settle(self) -> Spent:
        """Let the peak of this process until now count as the training's, and keep what was spent."""
        self._note_memory()
        self._keep()
        return self.spent()

    def _note_memory(self) -> None:
        peaks = [peak for peak in (self._peak_mb, peak_memory_mb()) if peak is not None]
        self._peak_mb = max(peaks, default=None)

    def _count(self) -> None:
        now = self._clock()
        if self._stage:
            self._seconds[self._stage] = self._seconds.get(self._stage, 0.0) + now - self._since
        self._since = now

    def _keep(self) -> None:
        self._run.write_json(_FILE, _JSON.dump_python(self.spent()))
