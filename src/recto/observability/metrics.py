"""Metrics: everything that a running service counts, by the names and units of Prometheus.

Each metric is here once, with its meaning; docs/observability.md lists them all. Labels are few and bounded:
no key, document or path ever is one. Figures that stand in the database are added by `serving/facts`.
"""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import perf_counter
from typing import Literal

from recto.errors import MissingPackage, RectoError
from recto.observability.cost import cost_per_thousand
from recto.observability.spans import Fact, span

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
    from prometheus_client.gc_collector import GCCollector
    from prometheus_client.metrics_core import Metric
    from prometheus_client.platform_collector import PlatformCollector
    from prometheus_client.process_collector import ProcessCollector
    from prometheus_client.registry import Collector

    from recto.observability.families import gauge
except ModuleNotFoundError as error:
    raise MissingPackage(
        f"{error.name} isn't installed: nothing can be counted", hint="pip install 'recto[service]'"
    ) from None

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Of what `Metrics.render` gives."""
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""From what an idle service adds to a request up to the longest that one may take by default."""
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)
UNFORESEEN = "unforeseen"
"""The type of every error that isn't recto's own."""

Stage = Literal["preprocess", "queue", "infer", "postprocess", "extract", "load"]
Unread = Literal["full", "draining", "expired", "cancelled"]
"""Why pages aren't read: refused (the first two), or their answer isn't awaited any more."""


class Metrics:
    """The metrics of one service, in a registry of its own; `price_per_hour` 0 is no price.

    Its methods say in the service's words what happened; what Prometheus calls it is known here only.
    """

    def __init__(self, *, price_per_hour: float = 0.0, currency: str = "USD") -> None:
        # A second series for each first one, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        level = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry, buckets=LATENCY_BUCKETS_S)

        what = "Seconds until a request was answered, by route and status"
        self._requests = histogram("recto_http_request_duration_seconds", what, ["method", "route", "status"])
        self._in_progress = level("recto_http_requests_in_progress", "Requests that are being answered")
        what = f"Requests that failed, by the type of the error, or {UNFORESEEN!r}"
        self._errors = counter("recto_errors", what, ["type"])

        what = (
            "Seconds of a stage: preprocess, queue (each a page), infer (a batch), postprocess, extract, load"
        )
        self._stages = histogram("recto_stage_duration_seconds", what, ["stage"])
        what = "Pages that the engine was given, by how their reading ended: as a Transcript says, or failed"
        self._pages = counter("recto_pages_read", what, ["scope", "engine", "finish"])
        what = "Pages that were read together"
        self._batches = histogram("recto_batch_pages", what, buckets=BATCH_BUCKETS)

        self._queue = level("recto_queue_pages", "Pages that wait for the engine")
        what = "Pages that the engine was never given: full, draining (both refused), expired, cancelled"
        self._unread = counter("recto_queue_unread_pages", what, ["reason"])
        what = "Batches that an engine has had for longer than it may: it hangs"
        self._hung = level("recto_engine_hung_batches", what)
        what = "Memory of a GPU that an engine says it takes; none for those that say nothing"
        self._gpu = level("recto_gpu_memory_bytes", what, ["engine"])

        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        if price_per_hour:
            self.watch(_Cost(self._stages, self._pages, price_per_hour, currency))

    def watch(self, facts: Collector) -> None:
        """Also tell what `facts` collects at each scrape."""
        self.registry.register(facts)

    def render(self) -> bytes:
        """Everything, as Prometheus reads it. It may ask the database: not for an event loop's own thread."""
        return generate_latest(self.registry)

    def in_progress(self) -> AbstractContextManager[object]:
        """`with metrics.in_progress():` while a request is being answered."""
        return self._in_progress.track_inprogress()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is what the API declares, never the path that was sent."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def failed(self, error: BaseException) -> None:
        """A request failed; of errors that aren't recto's own only the number is told."""
        self._errors.labels(type(error).__name__ if isinstance(error, RectoError) else UNFORESEEN).inc()

    @contextmanager
    def stage(self, name: Stage, **facts: Fact) -> Iterator[None]:
        """A stage of the work, as a span with `facts` and in the histogram, also where it fails."""
        began = perf_counter()
        try:
            with span(name, **facts):
                yield
        finally:
            self.took(name, perf_counter() - began)

    def took(self, name: Stage, seconds: float) -> None:
        """A stage of the work took so long."""
        self._stages.labels(name).observe(seconds)

    def read(self, scope: str, engine: str, finishes: Collection[str]) -> None:
        """The engine was given pages, and their readings ended so: each as its Transcript says, or failed."""
        for finish in finishes:
            self._pages.labels(scope, engine, finish).inc()

    def queued(self, depth: int) -> None:
        """So many pages wait now."""
        self._queue.set(depth)

    def waited(self, seconds: float) -> None:
        """A page waited so long until its batch began."""
        self.took("queue", seconds)

    def batch(self, pages: int) -> None:
        """So many pages are read together."""
        self._batches.observe(pages)

    def unread(self, reason: Unread, pages: int = 1) -> None:
        """Pages won't be read."""
        self._unread.labels(reason).inc(pages)

    def hung(self, batches: int) -> None:
        """From so many batches an engine doesn't come back."""
        self._hung.set(batches)

    def gpu_memory(self, engine: str, size_bytes: int) -> None:
        """What an engine says that it takes of a GPU."""
        self._gpu.labels(engine).set(size_bytes)


class _Cost(Collector):
    """The price of an hour, and what 1,000 pages have cost by the seconds that engines read."""

    def __init__(self, stages: Histogram, pages: Counter, price_per_hour: float, currency: str) -> None:
        self._stages, self._pages = stages, pages
        self._price, self._currency = price_per_hour, currency

    def collect(self) -> Iterator[Metric]:
        """Both; the cost from the first page on."""
        key = (self._currency,)
        yield gauge(
            "recto_price_per_hour", "Price of an hour of this machine", ["currency"], {key: self._price}
        )
        seconds = _sum(self._stages, "recto_stage_duration_seconds_sum", stage="infer")
        pages = _sum(self._pages, "recto_pages_read_total")
        cost = cost_per_thousand(seconds / pages, self._price) if pages else None
        what = "Cost of 1,000 pages, by the seconds that the engine has read since the start"
        yield gauge("recto_cost_per_thousand_pages", what, ["currency"], {key: cost})


def _sum(of: Histogram | Counter, name: str, **labels: str) -> float:
    samples = (sample for family in of.collect() for sample in family.samples)
    return sum(s.value for s in samples if s.name == name and s.labels.items() >= labels.items())
