"""Start-up: seconds until `recto --help` has answered, and until the first page is read.

Each run is a fresh process; the first one is not counted (it warms the disk cache). Prints a table of
medians against the promise and exits with 1 if one is broken.

    python benchmarks/startup.py [--runs 7]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recto.datasets.synthesis import Kind, Wish, synthesise

HELP_LIMIT_S = 0.3
FIRST_PAGE_LIMIT_S = 3.0


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    recto = str(Path(sys.executable).with_name("recto"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.jpg"
        page.write_bytes(_one_page())
        rows = [
            ("bare python (for comparison)", [sys.executable, "-c", "pass"], None),
            ("recto --help", [recto, "--help"], HELP_LIMIT_S),
            ("recto read, first page", [recto, "read", str(page)], FIRST_PAGE_LIMIT_S),
        ]
        broken = [_measure(what, command, limit_s, runs) for what, command, limit_s in rows]
    return int(any(broken))


def _measure(what: str, command: list[str], limit_s: float | None, runs: int) -> bool:
    """Print one row; True if the promise is broken."""
    times_s = [_run(command) for _ in range(runs + 1)][1:]
    median_s = statistics.median(times_s)
    broken = limit_s is not None and median_s > limit_s
    promise = "" if limit_s is None else f"promised {limit_s:.1f} s: {'BROKEN' if broken else 'kept'}"
    print(
        f"{what:<32} median {median_s:6.3f} s   min {min(times_s):6.3f}   max {max(times_s):6.3f}   {promise}"
    )
    return broken


def _run(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _one_page() -> bytes:
    source = next(synthesise(1, 7, Wish(kinds=(Kind.RECEIPT,), hard=True))).source
    assert isinstance(source, bytes)
    return source


if __name__ == "__main__":
    raise SystemExit(main())
