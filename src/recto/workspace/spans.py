"""Where a workspace's spans go: its settings and `observability/spans`, brought together."""

from contextlib import AbstractContextManager

from recto.observability.spans import exporting
from recto.settings import Settings


def exporting_as(settings: Settings) -> AbstractContextManager[None]:
    """Spans of the block go where `settings` say: all of them, whatever the share of requests is."""
    return exporting(settings.observability.otlp_endpoint)
