"""report.html: one self-contained page with tables, plots, diffs and page images; and writing both files.

It needs no network and no scripts; everything that comes from documents is escaped by the templates. What is
shown is decided in `report_view`, how it looks in `templates/`.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from PIL import Image

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.replacing import replace_file
from recto.errors import RectoError
from recto.evaluation import plots, report_view
from recto.evaluation.report import Report

_TEMPLATES = Path(__file__).parent / "templates"
_IMAGE_PX = (900, 1500)
_JPEG_QUALITY = 70


@dataclass(frozen=True, slots=True)
class PageImage:
    """A small JPEG as a data URL, or why there is none."""

    url: str = ""
    problem: str = ""


def write_report(
    report: Report, out: Path, *, examples: Sequence[Example] = (), worst: int = 12
) -> tuple[Path, Path]:
    """Write `out`/report.json and `out`/report.html, each in one step; return both paths.

    `examples` (those that were measured) give the images of the `worst` pages. Raises OutputError.
    """
    rows = report_view.document_rows(report)[:worst]
    sources = {(example.image, example.page or 1): example for example in examples}
    wanted = [(row.result.document, row.result.page) for row in rows]
    images = {key: _page_image(sources[key]) for key in wanted if key in sources}
    json_path, html_path = out / "report.json", out / "report.html"
    replace_file(json_path, report.to_json().encode())
    replace_file(html_path, render(report, images, worst=worst).encode())
    return json_path, html_path


def render(report: Report, images: Mapping[tuple[str, int], PageImage], *, worst: int = 12) -> str:
    """The page as HTML; `images` by document name and page."""
    rows = report_view.document_rows(report)
    before = report.baseline
    errors = [row.error for row in rows]
    errors_before = [row.error_before for row in rows if row.error_before is not None] if before else None
    better, worse = report_view.movers(rows)
    return template("report.html").render(
        report=report,
        tiles=report_view.tiles(report),
        figures=report_view.figure_rows(report),
        categories=report_view.group_rows(report, "category"),
        businesses=report_view.group_rows(report, "business"),
        sources=report_view.source_rows(report),
        spread=Markup(plots.distribution(errors, errors_before)),
        dots=Markup(plots.before_after(errors, errors_before)) if errors_before else None,
        better=better,
        worse=worse,
        pages=[report_view.page_view(row) for row in rows[:worst]],
        images=images,
        rows=rows[: report_view.MOST_DOCUMENTS],
    )


def template(name: str) -> Template:
    """A page of `templates/` with the filters for figures and the stylesheet `style`; it escapes all else."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=report_view.percent, points=report_view.signed_points, seconds=report_view.signed_seconds
    )
    environment.globals["style"] = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))
    return environment.get_template(name)


def page_image(page: Page) -> PageImage:
    """The page as a small JPEG data URL."""
    picture = Image.fromarray(page.image)
    picture.thumbnail(_IMAGE_PX)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return PageImage(url="data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"))


def _page_image(example: Example) -> PageImage:
    try:
        return page_image(open_example(example))
    except RectoError as error:
        return PageImage(problem=error.what)
