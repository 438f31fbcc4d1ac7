"""Memory of a long job: 2,000 pages handed to `recto serve` take less than 1.5 GB, in all its processes.

It makes the PDF, hands it in over HTTP as any client does, and adds up the memory of the server and of all
processes that decode for it, as the operating system counts it: PSS (pages that several processes share count
once in the sum) and RSS (they count in each). Whether memory is flat is told by the peaks of the two halves.

    python benchmarks/long_job.py                # 2,000 pages of 3 lines: about 20 minutes
    python benchmarks/long_job.py --pages 200 --rows 42
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from long_pdf import TARGET_MB, make_pdf
from serve_ground import Server, serving

from recto.workspace.folder import create_workspace

EVERY_S = 0.25
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory of all processes when `pages` of the job were there, `seconds` after it was handed in."""

    pages: int
    seconds: float
    pss_mb: float
    rss_mb: float


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="recto-long-job-") as folder:
        workspace = create_workspace(Path(folder) / "workspace")
        book = make_pdf(options.pages, options.rows)
        print(f"{options.pages:,} A4 pages of {options.rows} lines, {len(book) / 1e6:.1f} MB, as one job\n")
        flags = ("--workspace", str(workspace.path))
        with serving(*flags, log=Path(folder) / "serve.log") as server:
            samples, job = watch(server, book, options.every)
    return told(samples, job, options.pages)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=3, help="lines per page; fewer are read quicker")
    parser.add_argument("--every", type=int, default=200, help="pages per row of the table")
    return parser.parse_args()


def watch(server: Server, book: bytes, every: int) -> tuple[list[Sample], dict[str, object]]:
    """Hand the book in, and follow the job to its end; a row of the table for so many pages each."""
    samples: list[Sample] = []
    with httpx.Client(base_url=server.url, timeout=60) as client:
        answer = client.post("/v1/jobs", files={"file": ("book.pdf", book)}, data={"output": "text"})
        job = answer.raise_for_status().json()
        started, due = time.perf_counter(), every
        print("| pages | seconds | PSS MB | peak PSS MB | RSS MB | peak RSS MB |")
        print("|---:|---:|---:|---:|---:|---:|")
        while job["state"] not in ENDED:
            time.sleep(EVERY_S)
            job = client.get(f"/v1/jobs/{job['id']}").json()
            pages = int(job["pages_read"])
            samples.append(Sample(pages, time.perf_counter() - started, *memory_mb(server)))
            if pages >= due:
                row(samples)
                due = pages - pages % every + every
    return samples, job


def row(samples: Sequence[Sample]) -> None:
    last, pss, rss = samples[-1], peak(samples), max(sample.rss_mb for sample in samples)
    print(f"| {last.pages:,} | {last.seconds:,.0f} | {last.pss_mb:,.0f} | {pss:,.0f} ", end="")
    print(f"| {last.rss_mb:,.0f} | {rss:,.0f} |", flush=True)


def memory_mb(server: Server) -> tuple[float, float]:
    """PSS and RSS of the server and all its children."""
    every = [_rollup(process.pid) for process in (server.process, *_children(server))]
    return sum(pss for pss, _ in every), sum(rss for _, rss in every)


def _children(server: Server) -> list[psutil.Process]:
    try:
        return server.children()
    except psutil.Error:
        return []


def _rollup(pid: int) -> tuple[float, float]:
    """PSS and RSS of one process, in MB; nothing of one that has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    fields = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines[1:])}
    return int(fields["Pss"][0]) * 1024 / 1e6, int(fields["Rss"][0]) * 1024 / 1e6


def peak(samples: Sequence[Sample]) -> float:
    """The most PSS of them, in MB."""
    return max((sample.pss_mb for sample in samples), default=0.0)


def told(samples: Sequence[Sample], job: dict[str, object], pages: int) -> int:
    """Print what came out; 1 where the promise or the job wasn't kept."""
    first = [sample for sample in samples if sample.pages <= pages / 2]
    second = [sample for sample in samples if sample.pages > pages / 2]
    worst, halves = peak(samples), (peak(first), peak(second))
    growth = halves[1] / halves[0] - 1 if halves[0] else 0.0
    verdict = "below" if worst < TARGET_MB else "ABOVE"
    print(f"\npeak {worst:,.0f} MB, {verdict} the target of {TARGET_MB:,} MB ({worst / TARGET_MB:.2f} of it)")
    print(f"first half {halves[0]:,.0f} MB, second half {halves[1]:,.0f} MB ({growth:+.1%})")
    print(f"{pages / samples[-1].seconds:.2f} pages/s")
    complete = (job["state"], job["pages_read"], job["pages_failed"]) == ("done", pages, 0)
    if not complete:
        print(f"the job is {job['state']}: {job['pages_read']} pages were read, {job['pages_failed']} failed")
    return 0 if complete and worst < TARGET_MB else 1


if __name__ == "__main__":
    sys.exit(main())
