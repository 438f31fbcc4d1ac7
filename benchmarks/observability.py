"""Observability: what logs, spans, metrics and scrapes add to reading a page with the CPU engine.

Each page is read bare and watched, one right after the other, the first of the two by turns: a machine that
speeds up or slows down does so for both. Watched is as `recto serve` does it: a log line, spans sent to a
collector in this process, all metrics, a scrape each second. The same is done around an engine that does
nothing, which tells the milliseconds themselves. Exits with 1 where a page takes over 1 % longer.

    python benchmarks/observability.py [--data ../shared/data/sroie] [--pages 20] [--rounds 5]
"""

import argparse
import io
import logging
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.fake import FakeEngine
from recto.engines.observed import Observed
from recto.observability.logs import bind, configure
from recto.observability.metrics import Metrics
from recto.observability.spans import exporting, span

PROMISE = 0.01
SCRAPE_EVERY_S = 1.0
IDLE_ROUNDS = 50

log = logging.getLogger("recto.benchmark")


class Watched:
    """An engine as the service has it: everything that is told of a request and its page."""

    def __init__(self, engine: Engine, metrics: Metrics) -> None:
        self._engine, self._metrics = Observed(engine, "general", metrics), metrics

    def read(self, page: Page) -> None:
        """One request of one page."""
        began = time.perf_counter()
        with (
            bind(request_id="benchmark"),
            span("request", request_id="benchmark"),
            self._metrics.in_progress(),
        ):
            with self._metrics.stage("preprocess", pages=1):
                self._metrics.queued(1)
            with span("queue"):
                self._metrics.waited(0.0)
                self._metrics.queued(0)
            with span("infer"):
                self._metrics.batch(1)
                self._engine.read([page])
            with self._metrics.stage("postprocess", pages=1):
                seconds = time.perf_counter() - began
            self._metrics.answered("POST", "/v1/read", 200, seconds)
            log.info("answered", extra={"route": "/v1/read", "status": 200, "pages": 1, "seconds": seconds})


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sroie"))
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    examples = [e for e in load_dataset(options.data).examples if e.split == "test"][: options.pages]
    pages = [open_example(example) for example in examples]
    configure("info", "json", io.StringIO())
    metrics = Metrics(price_per_hour=1.0)
    with collecting() as (endpoint, received), exporting(endpoint), scraped(metrics) as scrapes:
        real = compared(load("ppocr"), metrics, pages, options.rounds)
        idle = compared(FakeEngine(), metrics, pages, IDLE_ROUNDS)
    added = statistics.median(watched - bare for bare, watched in idle)
    page = statistics.median(bare for bare, _ in real)
    ratio = statistics.median(watched / bare for bare, watched in real)
    print(
        f"{len(real)} pairs of {len(pages)} pages; {len(received)} batches of spans, {len(scrapes)} scrapes"
    )
    print(f"a page, bare: {1000 * page:.0f} ms; watched / bare, median of pairs: {ratio:.4f}")
    print(f"around an engine that does nothing: {1000 * added:.3f} ms a page, {added / page:.3%} of a page")
    kept = ratio < 1 + PROMISE and added / page < PROMISE
    print(f"less than {PROMISE:.0%} of reading a page: {'kept' if kept else 'BROKEN'}")
    return int(not kept)


def compared(
    engine: Engine, metrics: Metrics, pages: Sequence[Page], rounds: int
) -> list[tuple[float, float]]:
    """Seconds of each page, bare and watched."""
    watched = Watched(engine, metrics)
    ways = (lambda page: engine.read([page]), watched.read)
    for page in pages[:2]:
        ways[0](page)
    found = []
    for number in range(rounds * len(pages)):
        took = [0.0, 0.0]
        for way in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            ways[way](pages[number % len(pages)])
            took[way] = time.perf_counter() - began
        found.append((took[0], took[1]))
    return found


@contextmanager
def collecting() -> Iterator[tuple[str, list[int]]]:
    """A collector of spans that only counts bytes, and where it is."""
    received: list[int] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(len(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


@contextmanager
def scraped(metrics: Metrics) -> Iterator[list[int]]:
    """Scrapes while the block runs."""
    stop, sizes = threading.Event(), list[int]()

    def scrape() -> None:
        while not stop.wait(SCRAPE_EVERY_S):
            sizes.append(len(metrics.render()))

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    raise SystemExit(main())
