"""Spans: how long each step of the work took, told by OpenTelemetry (OTLP over HTTP) where that is wanted.

Where it isn't, `span` costs one comparison, and the packages of OpenTelemetry aren't imported. No span holds
the text of a document: an error is told by its type alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING

from recto import __version__
from recto.errors import MissingPackage

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

Fact = str | int | float | bool

SPANS: Mapping[str, str] = MappingProxyType(
    {
        "request": "one HTTP request, until its answer is sent",
        "job": "one job, from its first page here to its end or interruption",
        "preprocess": "one page is decoded",
        "queue": "one page waits until its batch begins",
        "infer": "the engine reads the batch that the page is in",
        "postprocess": "Transcripts become an answer",
        "extract": "the fields of one document are looked for",
        "load": "a model is loaded and warmed up",
        "cycle": "one turn of the loop",
        "train": "one stage of a training Run",
        "evaluate": "one model is measured, or two are compared",
        "promote": "another Release becomes current, by a Cycle or by hand",
    }
)
"""Every span, and what it covers."""

FACTS: Mapping[str, str] = MappingProxyType(
    {
        "request_id": "the answer's X-Request-ID",
        "pages": "how many pages",
        "engine": "the engine, name and version",
        "scope": "the business type whose model reads, or `general`",
        "release": "the number of the Release",
        "cycle": "the number of the Cycle",
        "stage": "the stage of the Run, as its progress is told",
    }
)
"""Every attribute of a span (with `recto.` before its name), and what it holds."""

EXPORT_TIMEOUT_S = 3.0
"""So long a collector may take; what it doesn't take is dropped, and the work goes on."""

_PACKAGES = "pip install 'recto[service]'"
_NOTHING = nullcontext()
_tracer: "Tracer | None" = None


@contextmanager
def exporting(endpoint: str, share: float = 1.0) -> Iterator[None]:
    """Spans that begin in the block are sent to `endpoint`; what is left is sent at its end. "" is nowhere.

    `share` (0–1) is that of the traces. One place at a time: an inner block changes nothing. Raises
    MissingPackage.
    """
    global _tracer  # noqa: PLW0603  one process tells one collector, from whatever room
    if not endpoint or _tracer is not None:
        yield
        return
    provider = _provider(endpoint, share)
    _tracer = provider.get_tracer("recto", __version__)
    try:
        yield
    finally:
        _tracer = None
        provider.shutdown()


def span(name: str, **facts: Fact) -> AbstractContextManager[None]:
    """`with span("infer", pages=3):` is one of SPANS, within the one around it; free where nobody listens."""
    return _NOTHING if _tracer is None else _recorded(_tracer, name, facts)


def current_ids() -> Mapping[str, str]:
    """`trace_id` and `span_id` of the span around the caller, for its log lines; nothing outside of any."""
    if _tracer is None:
        return {}
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    here = get_current_span().get_span_context()
    if not here.is_valid:
        return {}
    return {"trace_id": format_trace_id(here.trace_id), "span_id": format_span_id(here.span_id)}


@contextmanager
def _recorded(tracer: "Tracer", name: str, facts: Mapping[str, Fact]) -> Iterator[None]:
    from opentelemetry.trace import Status, StatusCode

    with tracer.start_as_current_span(
        name,
        attributes=_attributes(facts),
        record_exception=False,  # its words may quote a document
        set_status_on_exception=False,
    ) as recorded:
        try:
            yield
        except BaseException as error:
            recorded.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def _attributes(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {f"recto.{key}": value for key, value in facts.items()}


def _provider(endpoint: str, share: float) -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ModuleNotFoundError as error:
        what = f"{error.name} isn't installed: spans can't be sent"
        raise MissingPackage(what, where="observability.otlp_endpoint", hint=_PACKAGES) from None
    resource = Resource.create({"service.name": "recto", "service.version": __version__})
    provider = TracerProvider(resource=resource, sampler=ParentBased(TraceIdRatioBased(share)))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
