"""Current Releases as metrics: how well, how fast and at what cost each reads, and its baseline.

They come from the Report that a Release was stored with, which never changes: each is read once. The
`baseline` is the model that it was compared with then.
"""

import logging
from collections.abc import Callable, Iterator, Mapping

from prometheus_client.metrics_core import Metric

from recto.errors import RegistryError
from recto.evaluation.report import Metrics, Report
from recto.observability.cost import cost_per_thousand, saved_share
from recto.observability.families import gauge
from recto.registry.store import currents, release, report_of
from recto.workspace.folder import Workspace

_MIB = 2**20
_MODEL = ("scope", "model")

_log = logging.getLogger(__name__)

_Figure = Callable[[Report, Metrics], float | None]


class ReleaseFacts:
    """The current Releases of `workspace`, by scope."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._price = workspace.settings.training.price_per_hour
        self._currency = workspace.settings.workspace.currency
        self._reports: dict[int, Report | None] = {}

    def metrics(self) -> Iterator[Metric]:
        """Which are current, and their figures. Raises WorkspaceError where the database can't be asked."""
        now = currents(self._workspace)
        numbers = {(scope,): float(number) for scope, number in now.items()}
        yield gauge("recto_release_current", "Number of a scope's current Release", ["scope"], numbers)
        found = {scope: self._report(number) for scope, number in now.items()}
        reports = {scope: report for scope, report in found.items() if report is not None}
        yield from _accuracy(reports)
        yield from _speed(reports)
        if self._price:
            yield self._cost(reports)

    def _report(self, number: int) -> Report | None:
        """None where its files aren't as they were: nothing reads with it then."""
        if number not in self._reports:
            try:
                report = report_of(self._workspace, release(self._workspace, number))
                self._reports[number] = _without_documents(report)
            except RegistryError as error:
                _log.warning("a Release has no figures", extra={"release": number, "reason": error.what})
                self._reports[number] = None
        return self._reports[number]

    def _cost(self, reports: Mapping[str, Report]) -> Metric:
        what = "Cost of 1,000 pages at the speed that was measured"
        values = _by_model(
            reports, lambda _, metrics: cost_per_thousand(metrics.seconds_per_page, self._price)
        )
        priced = {(*key, self._currency): value for key, value in values.items()}
        return gauge("recto_release_cost_per_thousand_pages", what, [*_MODEL, "currency"], priced)


def _without_documents(report: Report) -> Report:
    """What is kept in memory: a Report holds every text that was measured."""
    beside = report.baseline
    slim = None if beside is None else beside.model_copy(update={"document_results": []})
    return report.model_copy(update={"documents": [], "baseline": slim, "comparison": None})


def _accuracy(reports: Mapping[str, Report]) -> Iterator[Metric]:
    what = "Character error rate on the frozen test documents; ignoring case where their labels know none"
    yield gauge("recto_release_cer_ratio", what, _MODEL, _by_model(reports, _cer))
    what = "Word error rate, as recto_release_cer_ratio"
    yield gauge("recto_release_wer_ratio", what, _MODEL, _by_model(reports, _wer))
    what = "Accuracy (1 - CER, at least 0) by category, as recto_release_cer_ratio"
    values = {
        (scope, category, model): max(0.0, 1 - _cer(report, metrics))
        for scope, report in reports.items()
        for model, groups in _groups(report).items()
        for category, metrics in groups.items()
    }
    labels = ["scope", "category", "model"]
    yield gauge("recto_release_accuracy_ratio", what, labels, values)


def _speed(reports: Mapping[str, Report]) -> Iterator[Metric]:
    what = "Seconds of reading a page, as measured on the test documents"
    yield gauge("recto_release_seconds_per_page", what, _MODEL, _by_model(reports, _seconds))
    what = "Largest resident memory while reading the test documents"
    yield gauge("recto_release_peak_memory_bytes", what, _MODEL, _by_model(reports, _peak_bytes))
    what = "Share of its baseline's time, so of its cost, that a Release saves; negative where it is slower"
    saved = {
        (scope,): saved_share(report.metrics.seconds_per_page, report.baseline.seconds_per_page)
        for scope, report in reports.items()
        if report.baseline is not None
    }
    yield gauge("recto_release_saved_ratio", what, ["scope"], saved)


def _by_model(reports: Mapping[str, Report], figure: _Figure) -> dict[tuple[str, str], float | None]:
    """The figure of each Release, and of its baseline where it has one."""
    own = {(scope, "release"): figure(report, report.metrics) for scope, report in reports.items()}
    theirs = {
        (scope, "baseline"): figure(report, report.baseline)
        for scope, report in reports.items()
        if report.baseline is not None
    }
    return own | theirs


def _groups(report: Report) -> Mapping[str, Mapping[str, Metrics]]:
    own = {"release": report.by_category}
    return own if report.baseline is None else own | {"baseline": report.baseline.by_category}


def _cer(report: Report, metrics: Metrics) -> float:
    return metrics.cer if report.headline == "cer" else metrics.cer_casefold


def _wer(report: Report, metrics: Metrics) -> float:
    return metrics.wer if report.headline == "cer" else metrics.wer_casefold


def _seconds(_: Report, metrics: Metrics) -> float:
    return metrics.seconds_per_page


def _peak_bytes(_: Report, metrics: Metrics) -> float | None:
    return None if metrics.peak_memory_mb is None else metrics.peak_memory_mb * _MIB
