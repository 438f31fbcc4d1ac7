"""The queue of jobs: wakes a thread for each id that is put into it, in whichever service looks first.

What a job is, and whose turn it is, stands in the rows: an id that is lost, or comes twice, does no harm
(`store.claim`), and neither does a queue that can't be reached for a while, or doesn't answer at all: one
thread alone talks to it, and nobody waits for that one. Where ids wait: `waiting_place`.
"""

import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from recto.serving.jobs.waiting_place import ANSWERS_WITHIN_S, WaitingPlace

_LOOK_S, _LONGEST_LOOK_S = 0.05, 0.5
"""How often an id is looked for while a thread is idle: at first, and after a while of finding none."""

_MOST_UNSENT = 1000
"""Ids that the place hasn't taken yet; those beyond are found by their rows."""

log = logging.getLogger(__name__)


class Queue:
    """Ids of jobs at a `place`; for each that comes one of the threads does `work`, which raises nothing."""

    def __init__(self, place: WaitingPlace, *, work: Callable[[], None], workers: int) -> None:
        self._place, self._work = place, work
        self._unsent: queue.Queue[str] = queue.Queue(_MOST_UNSENT)
        self._talker = threading.Thread(target=self._talk, name="jobs-queue", daemon=True)
        self._threads = [
            threading.Thread(target=self._run, name=f"jobs-{number}", daemon=True)
            for number in range(1, workers + 1)
        ]
        self._changed = threading.Condition()
        self._idle, self._calls = workers, 0
        self._stopped = False
        self._is_lost = False

    def start(self) -> None:
        """Begin to take ids."""
        for thread in [*self._threads, self._talker]:
            thread.start()

    def stop(self) -> None:
        """Take no more, and wait for what is being done; for a place that doesn't answer not for long."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._talker.join(ANSWERS_WITHIN_S)

    def put(self, job_id: str) -> None:
        """Somebody should look for work, for there is this job. It doesn't wait for the place."""
        with suppress(queue.Full):
            self._unsent.put_nowait(job_id)

    def wake(self) -> None:
        """One thread of this service should look for work, if one is idle."""
        with self._changed:
            if self._calls < self._idle:
                self._calls += 1
                self._changed.notify()

    def _run(self) -> None:
        while self._called():
            self._work()
            with self._changed:
                self._idle += 1

    def _called(self) -> bool:
        """Wait until this thread should look for work; False: never again."""
        with self._changed:
            self._changed.wait_for(lambda: self._calls or self._stopped)
            if self._stopped:
                return False
            self._idle, self._calls = self._idle - 1, self._calls - 1
            return True

    def _talk(self) -> None:
        pause_s = _LOOK_S
        while not self._stopped:
            is_sent, is_found = self._sent(pause_s), self._heard()
            pause_s = _LOOK_S if is_sent or is_found else min(1.2 * pause_s, _LONGEST_LOOK_S)
        self._place.close()

    def _sent(self, within_s: float) -> bool:
        """Whether the place has taken an id, of those that were put in by then."""
        try:
            self._place.storage.enqueue(self._unsent.get(timeout=within_s).encode("ascii"))
        except queue.Empty:
            return False
        except self._place.errors as error:
            self._lost(error)
            return False
        return True

    def _heard(self) -> bool:
        """Whether there was an id that somebody here has time for, and is woken for."""
        if self._calls >= self._idle:
            return False
        try:
            found = self._place.storage.dequeue() is not None
        except self._place.errors as error:
            self._lost(error)
            return False
        if self._is_lost:
            self._is_lost = False
            log.info("the queue of jobs is there again")
        if found:
            self.wake()
        return found

    def _lost(self, error: Exception) -> None:
        """Tell it once: the place is asked again and again."""
        if not self._is_lost:
            self._is_lost = True
            log.error("the queue of jobs can't be reached", extra={"error": type(error).__name__})
