"""The first pages of a process are read by several threads at once: nobody waits for ever."""

import os
import subprocess
import sys

import pytest

PROCESSES = 6 if os.environ.get("RECTO_SHORT_PROOFS") else 60
"""Before networks.py filled the runtime's table of types by itself, one process in twenty never ended."""
FIRST_CALLS = """
import threading
import numpy as np
from recto.engines.ppocr.detector import DetectorSettings, LineFinder

find, page = LineFinder(DetectorSettings()), np.full((64, 64, 3), 255, np.uint8)
together = threading.Barrier(2)

def first_call():
    together.wait()
    find(page)

threads = [threading.Thread(target=first_call) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.slow
def test_two_threads_may_make_the_first_call_at_once() -> None:
    for _ in range(PROCESSES):
        subprocess.run([sys.executable, "-c", FIRST_CALLS], check=True, timeout=60)
