"""The report as files: one self-contained HTML page, and JSON. How it looks is in `evaluation/templates/`."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from recto.corrections.calibration.report import ReaderReport, report_json
from recto.documents.replacing import replace_file
from recto.evaluation.fields import plots
from recto.evaluation.report_html import template
from recto.workspace.utc import now


def write_calibration(reports: Sequence[ReaderReport], out: Path) -> tuple[Path, Path]:
    """Write `out`/calibration.json and `out`/calibration.html, each in one step. Raises OutputError."""
    json_path, html_path = out / "calibration.json", out / "calibration.html"
    replace_file(json_path, report_json(reports).encode())
    replace_file(html_path, render(reports).encode())
    return json_path, html_path


def render(reports: Sequence[ReaderReport]) -> str:
    """The page as HTML."""
    shown = [(one, _plots(one, number)) for number, one in enumerate(reports)]
    return template("calibration.html").render(shown=shown, created_at=f"{now():%Y-%m-%d %H:%M}")


def _plots(one: ReaderReport, number: int) -> tuple[Markup, Markup] | None:
    """Reliability and automation; ids inside them are told apart by the report's `number`."""
    if one.measured is None:
        return None
    said, calibrated = one.measured.said, one.measured.calibrated
    drawn = (plots.trust(calibrated, said), plots.automation(calibrated, said))
    reliability, automation = (Markup(_own_ids(svg, number)) for svg in drawn)
    return reliability, automation


def _own_ids(svg: str, number: int) -> str:
    """Two plots of the same kind on one page mustn't share their ids."""
    for name in ("trust", "automation"):
        svg = svg.replace(f'id="{name}-', f'id="{name}-{number}-')
        svg = svg.replace(f"url(#{name}-", f"url(#{name}-{number}-")
        svg = svg.replace(f'href="#{name}-', f'href="#{name}-{number}-')
    return svg
