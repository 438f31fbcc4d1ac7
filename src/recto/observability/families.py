"""Families: metrics whose values are found out at a scrape, as against those that are counted (`metrics`)."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

Key = TypeVar("Key", bound=tuple[str, ...])
"""The values of the labels."""


def gauge(name: str, what: str, labels: Iterable[str], values: Mapping[Key, float | None]) -> Metric:
    """What may rise and fall; None is left out."""
    family = GaugeMetricFamily(name, what, labels=tuple(labels))
    for key, value in values.items():
        if value is not None:
            family.add_metric(key, value)
    return family


def total(name: str, what: str, labels: Iterable[str], values: Mapping[Key, float | None]) -> Metric:
    """What only rises; Prometheus sees it as `name`_total."""
    family = CounterMetricFamily(name, what, labels=tuple(labels))
    for key, value in values.items():
        if value is not None:
            family.add_metric(key, value)
    return family
