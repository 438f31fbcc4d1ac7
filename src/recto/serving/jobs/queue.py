"""The queue of jobs: wakes a thread for each id that is put into it, in whichever service looks first.

What a job is, and whose turn it is, stands in the rows: an id that is lost, or comes twice, does no harm
(`store.claim`), and neither does a queue that can't be reached for a while. Where they wait: `waiting_place`.
"""

import logging
import threading
from collections.abc import Callable

from recto.serving.jobs.waiting_place import WaitingPlace

_LOOK_S, _LONGEST_LOOK_S = 0.05, 0.5
"""How often an idle thread looks for an id: at first, and after a while of finding none."""

log = logging.getLogger(__name__)


class Queue:
    """Ids of jobs at a `place`; for each that comes one of the threads does `work`, which raises nothing."""

    def __init__(self, place: WaitingPlace, *, work: Callable[[], None], workers: int) -> None:
        self._place, self._work = place, work
        self._threads = [
            threading.Thread(target=self._run, name=f"jobs-{number}", daemon=True)
            for number in range(1, workers + 1)
        ]
        self._stopped = threading.Event()
        self._is_lost = False

    def start(self) -> None:
        """Begin to take ids."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take no more, and wait for what is being done."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._place.close()

    def put(self, job_id: str) -> bool:
        """Somebody should look for work, for there is this job; False where the queue can't be reached."""
        try:
            self._place.storage.enqueue(job_id.encode("ascii"))
        except self._place.errors as error:
            self._lost(error)
            return False
        return True

    def _run(self) -> None:
        pause_s = _LOOK_S
        while not self._stopped.is_set():
            if self._take():
                pause_s = _LOOK_S
                self._work()
            else:
                self._stopped.wait(pause_s)
                pause_s = min(1.2 * pause_s, _LONGEST_LOOK_S)

    def _take(self) -> bool:
        """Whether there was an id."""
        try:
            found = self._place.storage.dequeue() is not None
        except self._place.errors as error:
            self._lost(error)
            return False
        if self._is_lost:
            self._is_lost = False
            log.info("the queue of jobs is there again")
        return found

    def _lost(self, error: Exception) -> None:
        """Tell it once: every thread asks again and again."""
        if not self._is_lost:
            self._is_lost = True
            log.error("the queue of jobs can't be reached", extra={"error": type(error).__name__})
