"""The FieldReport as one self-contained page, and both of its files. How it looks is in `templates/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from recto.documents.replacing import replace_file
from recto.evaluation.fields import plots
from recto.evaluation.fields.report import (
    FieldDifference,
    FieldFigures,
    FieldReport,
    FieldResult,
    Measurement,
)
from recto.evaluation.metrics.trust import Judged
from recto.evaluation.report_html import template

MOST_MISTAKES = 300
"""Rows of the table of mistakes; report.json has every one."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field: its figures, those of the baseline, and the difference."""

    name: str
    figures: FieldFigures
    before: FieldFigures | None
    difference: FieldDifference | None


def write_field_report(report: FieldReport, out: Path) -> tuple[Path, Path]:
    """Write `out`/report.json and `out`/report.html, each in one step; return both. Raises OutputError."""
    json_path, html_path = out / "report.json", out / "report.html"
    replace_file(json_path, report.to_json().encode("utf-8", "backslashreplace"))
    replace_file(html_path, render(report).encode("utf-8", "backslashreplace"))
    return json_path, html_path


def render(report: FieldReport) -> str:
    """The page as HTML."""
    before = report.baseline
    ours, theirs = judged_of(report.candidate), None if before is None else judged_of(before)
    mistakes = mistakes_of(report.candidate)
    return template("fields.html").render(
        report=report,
        rows=field_rows(report),
        trust=Markup(plots.trust(ours, theirs)),
        automation=Markup(plots.automation(ours, theirs)),
        mistakes=mistakes[:MOST_MISTAKES],
        left_out=max(len(mistakes) - MOST_MISTAKES, 0),
    )


def field_rows(report: FieldReport) -> list[FieldRow]:
    """One row for each field, and one for all together."""
    before = report.baseline
    rows = [
        FieldRow(
            name,
            figures,
            before.fields.get(name) if before else None,
            report.differences.get(name),
        )
        for name, figures in report.candidate.fields.items()
    ]
    whole = FieldRow("all values", report.candidate.all_fields, before.all_fields if before else None, None)
    return [*rows, whole]


def judged_of(measurement: Measurement) -> list[Judged]:
    """Confidence and rightness of everything that was said."""
    return [(said.confidence, said.right) for result in measurement.results for said in result.said]


def mistakes_of(measurement: Measurement) -> Sequence[FieldResult]:
    """What isn't wholly right, the surest mistakes first, then what wasn't said."""
    wrong = [result for result in measurement.results if not result.is_whole]
    return sorted(
        wrong, key=lambda one: -max((said.confidence for said in one.said if not said.right), default=0.0)
    )
