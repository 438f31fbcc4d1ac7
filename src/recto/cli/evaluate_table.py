"""The Report on the terminal: what changed in a sentence, a table of figures, and what failed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.evaluation import report_view
from recto.evaluation.report import Baseline, Difference, Report

_COLOURS = {"better": "green", "worse": "red", "undecided": "dim"}
_MOST_FAILURES = 10


def print_report(report: Report, written: Sequence[Path]) -> None:
    """Print the Report to stdout, and failures to stderr."""
    console = Console()
    if report.comparison:
        console.print(report.comparison.overall[report.headline].words, highlight=False, soft_wrap=True)
    console.print(figures(report))
    if len(report.by_category) > 1:
        console.print(groups(report))
    for note in notes(report):
        console.print(note, highlight=False, style="dim")
    for path in written:
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    _print_failures(report)


def figures(report: Report) -> Table:
    """One row for each metric."""
    table = Table(title=_title(report), title_justify="left", title_style="", min_width=60)
    table.add_column("metric", no_wrap=True)
    if report.baseline:
        table.add_column("baseline", justify="right", no_wrap=True)
    table.add_column("candidate" if report.baseline else "value", justify="right", no_wrap=True)
    if report.comparison:
        table.add_column("change", justify="right", no_wrap=True)
        table.add_column(f"{100 * report.comparison.confidence:g} % interval", justify="right", no_wrap=True)
    for row in report_view.figure_rows(report):
        style = "bold" if row.key == report.headline else None
        before = [row.baseline] if report.baseline else []
        change = _change(row.difference) if report.comparison else []
        table.add_row(row.key, *before, row.candidate, *change, style=style)
    return table


def _title(report: Report) -> str:
    count = report.metrics.documents
    title = f"{count} {'document' if count == 1 else 'documents'}, {_named(report)}"
    return f"{title}\nbaseline {_named(report.baseline)}" if report.baseline else title


def _named(measured: Report | Baseline) -> str:
    """The engine and, where it was told with which model it read, that."""
    model = measured.settings.get("model")
    return escape(f"{measured.engine} ({model})" if model else measured.engine)


def groups(report: Report) -> Table:
    """One row for each category."""
    table = Table(title="by category", title_justify="left")
    table.add_column("category")
    table.add_column("documents", justify="right")
    name = "CER (ignoring case)" if report.headline == "cer_casefold" else "CER"
    if report.baseline:
        table.add_column(f"{name} before", justify="right")
    table.add_column(name, justify="right")
    if report.comparison:
        table.add_column("change", justify="right")
        table.add_column("interval", justify="right")
    for row in report_view.group_rows(report, "category"):
        before = [report_view.percent(row.baseline_error)] if row.baseline_error is not None else []
        change = _change(row.difference) if report.comparison else []
        table.add_row(escape(row.name), str(row.documents), *before, report_view.percent(row.error), *change)
    return table


def notes(report: Report) -> list[str]:
    """What one must know to read the figures rightly."""
    metrics, dataset = report.metrics, report.dataset
    told = []
    if metrics.case_blind:
        told.append(
            f"{metrics.case_blind} documents have case-blind labels: look at the figures ignoring case"
        )
    if dataset.skipped_without_truth:
        told.append(f"{dataset.skipped_without_truth} documents without trusted text were skipped")
    if metrics.repetitions:
        told.append(f"{metrics.repetitions} pages hold a repetition loop")
    if metrics.blank_page_hallucinations:
        told.append(f"{metrics.blank_page_hallucinations} of {metrics.blank_pages} blank pages got text")
    if metrics.peak_memory_mb:
        told.append(f"peak memory {metrics.peak_memory_mb:.0f} MiB")
    return told


def _change(difference: Difference | None) -> list[str]:
    if difference is None:
        return ["", ""]
    seconds = difference.metric == "seconds_per_page"
    step, low, high = (
        report_view.signed_seconds(v) if seconds else report_view.signed_points(v)
        for v in (difference.difference, difference.low, difference.high)
    )
    colour = _COLOURS[difference.verdict]
    low = low.removesuffix(" s")
    return [f"[{colour}]{step}[/]", f"[{colour}]{low} … {high}[/]"]


def _print_failures(report: Report) -> None:
    """List what couldn't be read by either engine."""
    console = Console(stderr=True)
    before = report.baseline.document_results if report.baseline else []
    failed = {(d.document, d.page): d.failure for d in (*before, *report.failures) if d.failure}
    if not failed:
        return
    console.print(f"{_count_failed(failed)} failed, counted as empty text:", style="red", highlight=False)
    several = Counter(document for document, _ in {(d.document, d.page) for d in report.documents})
    for (document, page), failure in list(failed.items())[:_MOST_FAILURES]:
        place = f"page {page} of " if several[document] > 1 else ""
        console.print(f"  {place}{escape(failure)}", highlight=False, soft_wrap=True)
    if len(failed) > _MOST_FAILURES:
        console.print(f"  and {len(failed) - _MOST_FAILURES} more", highlight=False)


def _count_failed(failed: Iterable[tuple[str, int]]) -> str:
    """`3 documents`, or where there are several pages of one, `10 pages of 1 document`."""
    pages = list(failed)
    count = len({document for document, _ in pages})
    documents = "1 document" if count == 1 else f"{count} documents"
    return documents if count == len(pages) else f"{len(pages)} pages of {documents}"
