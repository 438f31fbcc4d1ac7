"""Leaving: the process ends in time, whatever hangs in it.

Python waits for its threads before it ends, and one that hangs in an engine or at a database never ends.
"""

import logging
import os
import threading

_log = logging.getLogger(__name__)


def end_within(seconds: float) -> None:
    """From now on the process has so long to end by itself; then it ends with status 1.

    What is lost then, a kill would have lost as well.
    """
    timer = threading.Timer(seconds, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    _log.error("the service doesn't end by itself: something in it hangs")
    logging.shutdown()
    os._exit(1)
