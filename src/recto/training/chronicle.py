"""Chronicle: what is kept and told of a training while it goes on: states, log, trackers, progress."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from recto.errors import OutputError
from recto.training.checkpoints import Checkpoints, Writing
from recto.training.progress import GOES_ON, Epoch, Progress
from recto.training.run import Run
from recto.training.trackers import Opener


class Chronicle:
    """A Progress that also keeps states. A state is whole on disk before anybody hears of its epoch.

    States are kept by number: those of epochs (`keep`) or of steps (`checkpoint`), never both in one Run.
    """

    def __init__(
        self, run: Run, progress: Progress, openers: Sequence[Opener], settings: Mapping[str, object]
    ) -> None:
        self._run, self._progress = run, progress
        self._checkpoints = Checkpoints(run.checkpoints)
        self._trackers = [opener(run.folder, settings) for opener in openers]

    def __enter__(self) -> "Chronicle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as closing:
            if error is not None:  # what went wrong first is what counts
                closing.enter_context(suppress(OSError))
            for tracker in self._trackers:
                closing.callback(tracker.close)

    def newest(self) -> bytes | None:
        """The newest state that is whole, where this Run goes on with an earlier attempt."""
        return self._checkpoints.newest() if self._run.resumed else None

    def newest_file(self) -> Path | None:
        """As `newest`, but the file of the state."""
        return self._checkpoints.newest_file() if self._run.resumed else None

    def resumed(self, epochs: tuple[Epoch, ...], step: int = 0) -> None:
        """Catch up with the epochs of earlier attempts, and with the steps, if these are what is counted."""
        self._run.log_epochs(epochs)
        for epoch in epochs:
            self._track(epoch)
        self._progress.advance(step or epochs[-1].number)
        where = f"step {step}" if step else epochs[-1].name
        known = f", {epochs[-1].score.cer:.2%} CER on validation" if epochs else ""
        self.say(f"going on after {where}{known}")

    def keep(self, epoch: Epoch, state: bytes) -> None:
        """Keep the state after an epoch, then tell of it. Raises OutputError."""
        self._checkpoints.save(epoch.number, state)
        self.epoch(epoch)
        if epoch.number:
            self._progress.advance(1)

    def checkpoint(self, step: int, writing: Writing) -> None:
        """Keep the state after a step, which is streamed. Raises OutputError."""
        self._checkpoints.write(step, writing)

    def epoch(self, epoch: Epoch) -> None:
        """Tell of an epoch whose state is kept, or needs no keeping. Raises OutputError."""
        self._run.log("epoch", **asdict(epoch))
        self._track(epoch)
        self._progress.epoch(epoch)

    def stage(self, name: str, total: int) -> None:
        """A stage begins."""
        self._progress.stage(name, total)

    def advance(self, steps: int) -> None:
        """Some steps of the stage are done."""
        self._progress.advance(steps)

    def say(self, remark: str) -> None:
        """A remark, which is logged, too."""
        self._run.log("remark", text=remark)
        self._progress.say(remark)

    def _track(self, epoch: Epoch) -> None:
        try:
            for tracker in self._trackers:
                tracker.epoch(epoch)
        except OSError as error:
            hint = f"make room, or write `trackers: []` in the recipe; {GOES_ON}"
            what = f"a tracker can't write: {error.strerror or error}"
            raise OutputError(what, where=error.filename or self._run.folder, hint=hint) from error
