"""`recto evaluate --fields`: what an extractor finds in annotated documents, beside another one if wanted."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.extractor_option import UNTRAINED, Asked, chosen_extractor
from recto.evaluation.fields.page import field_rows
from recto.evaluation.fields.report import Ends, FieldReport
from recto.extraction.extractor import Extractor
from recto.extraction.tagger import Tagger

if TYPE_CHECKING:
    from collections.abc import Sequence

Pair = tuple[Extractor, Extractor | None]
"""What is measured, and what it is compared with."""


def chosen_pair(schema: str | None, model: str | None, baseline: str | None, workspace: Path | None) -> Pair:
    """What is measured, and what it is compared with: "untrained" (the tagger), or a model.

    Raises what `chosen_extractor` raises.
    """
    candidate = chosen_extractor(Asked(schema, model, workspace=workspace))
    if baseline is None:
        return candidate, None
    if baseline == UNTRAINED:
        return candidate, Tagger(candidate.schema)
    return candidate, chosen_extractor(Asked(schema, baseline, workspace=workspace))


def print_field_report(report: FieldReport, written: "Sequence[Path]") -> None:
    """Print the report to stdout, and what failed to stderr."""
    console = Console()
    console.print(_table(report))
    if report.baseline:
        console.print(_changes(report))
    for note in _notes(report):
        console.print(note, highlight=False, markup=False, soft_wrap=True)
    for path in written:
        console.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
    errors = Console(stderr=True)
    for name, why in list(report.failed.items())[:10]:
        errors.print(f"{name}: {why}", highlight=False, markup=False, soft_wrap=True)


def _table(report: FieldReport) -> Table:
    count = "1 document" if report.documents == 1 else f"{report.documents} documents"
    title = f"{count}, {report.schema_name} by {report.candidate.extractor}, read by {report.engine}"
    table = Table(title=escape(title), title_justify="left", title_style="")
    table.add_column("field", no_wrap=True)
    for name in ("labelled", "precision", "recall", "F1", "95 %", "exact"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in field_rows(report):
        figures = row.figures
        table.add_row(
            row.name, str(figures.wanted), _plain(figures.precision), _plain(figures.recall),
            _plain(figures.f1), _ends(figures.f1_ends), _plain(figures.f1_exact),
        )  # fmt: skip
    return table


def _changes(report: FieldReport) -> Table:
    """F1 of each field before and after."""
    table = Table(title=escape(f"F1 against {_before(report)}"), title_justify="left", title_style="")
    table.add_column("field", no_wrap=True)
    for name in ("before", "after", "points", "95 %", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for row in field_rows(report):
        if row.before is not None and (step := row.difference):
            ends = f"{_signed(step.low)} … {_signed(step.high)}"
            before, after = _plain(row.before.f1), _plain(row.figures.f1)
            table.add_row(row.name, before, after, _signed(step.difference), ends, step.verdict)
    return table


def _notes(report: FieldReport) -> list[str]:
    now = report.candidate
    notes = [
        f"mean F1 {_percent(now.mean_f1)} ({_ends(now.mean_f1_ends)}), "
        f"documents all right {_percent(now.exact_documents)} ({_ends(now.exact_documents_ends)})"
    ]
    for name, words in (("mean_f1", "mean F1"), ("exact_documents", "documents all right")):
        if step := report.differences.get(name):
            notes.append(
                f"{words} {_signed(step.difference)} points against {_before(report)}, "
                f"95 % interval {_signed(step.low)} … {_signed(step.high)}: {step.verdict}"
            )
    if now.unseen:
        unseen = now.unseen
        notes.append(
            f"unseen vendors: mean F1 {_percent(unseen.mean_f1)} ({_ends(unseen.mean_f1_ends)}) "
            f"in {unseen.documents} documents"
        )
    auroc = now.all_fields.auroc
    told = "" if auroc is None else f", AUROC {auroc:.3f}"
    notes.append(f"calibration error {_percent(now.all_fields.calibration_error)}{told}")
    for one in now.automation:
        error = f"{100 * one.target_error:g} %"
        notes.append(
            f"accepting {_percent(one.share)} of the values, no more than {error} of these are wrong"
        )
    notes.append(f"{1000 * now.seconds_per_document:.0f} ms per document, without the reading")
    return notes


def _before(report: FieldReport) -> str:
    return report.baseline.extractor if report.baseline else ""


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _plain(value: float) -> str:
    return f"{100 * value:.1f}"


def _ends(ends: Ends) -> str:
    return f"{100 * ends[0]:.1f}–{100 * ends[1]:.1f}"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
