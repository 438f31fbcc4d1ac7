"""A program that runs one Cycle and kills itself on the way: `victim.py WORKSPACE STAGE DELAY [OUT [SCOPE]]`.

STAGE is the beginning of a stage's name, as Progress hears of it, DELAY the seconds after it began; "none"
kills never. OUT gets the stages with their seconds, as JSON. SCOPE is general, or a tagger's.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from recto.registry.fields_scope import is_of_fields
from recto.retraining.attempt import BY_HAND
from recto.retraining.cycle import run_cycle
from recto.retraining.field_cycle import run_field_cycle
from recto.training.progress import Silent
from recto.workspace.folder import open_workspace


def die() -> None:
    """kill -9 of this very process."""
    os.kill(os.getpid(), signal.SIGKILL)


class Doomed(Silent):
    """A Progress that dies in a stage, and knows how long each took."""

    def __init__(self, stage: str, delay_s: float) -> None:
        self._wanted, self._delay_s = stage, delay_s
        self.began: list[tuple[str, float]] = []
        self.stage("start", 1)

    def stage(self, name: str, total: int) -> None:
        """Begin to die if this is the stage."""
        self.began.append((name, time.monotonic()))
        if name.startswith(self._wanted):
            threading.Timer(self._delay_s, die).start()

    def seconds(self) -> list[tuple[str, float]]:
        """Each stage with the time until the next one, the last until now."""
        ends = [at for _, at in self.began[1:]] + [time.monotonic()]
        return [(name, end - at) for (name, at), end in zip(self.began, ends, strict=True)]


def main(workspace: str, stage: str, delay: str, out: str = "", scope: str = "general") -> None:
    """Run the Cycle; who comes to the end of this has survived."""
    progress = Doomed(stage, float(delay))
    run = run_field_cycle if is_of_fields(scope) else run_cycle
    run(open_workspace(Path(workspace)), scope, [BY_HAND], progress)
    if out:
        Path(out).write_text(json.dumps(progress.seconds()))
    os._exit(0)  # the timer may be waiting still


if __name__ == "__main__":
    main(*sys.argv[1:])
