import mmap
import sys

import pytest

from recto.evaluation.machine import describe_machine, peak_memory_mb, reset_peak_memory


def test_the_machine_is_described():
    machine = describe_machine()
    assert machine.cores >= 1
    assert machine.cpu
    assert machine.python.startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert "numpy" in machine.packages


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can start a new peak")
def test_the_peak_is_that_since_the_reset():
    with mmap.mmap(-1, 64 * 2**20) as block:  # what malloc gives may stay with the process when it is freed
        block.write(b"x" * len(block))
        reset_peak_memory()
        with_block = peak_memory_mb()
    reset_peak_memory()
    without = peak_memory_mb()
    assert with_block is not None
    assert without is not None
    assert with_block - without > 30
