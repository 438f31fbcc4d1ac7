"""Reads, jobs, bad files, promotions and kills at once: what `serve_load.py --mixed` promises is kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "serve_load.py"
SHORT = ["--mixed", "30", "--pages", "4", "--height", "300", "--promote-every", "5", "--kill-every", "7"]
FULL = ["--mixed", "600", "--pages", "16"]


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_is_wrong() -> None:
    flags = SHORT if os.environ.get("RECTO_SHORT_PROOFS") else FULL
    done = subprocess.run([sys.executable, PROGRAM, *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
