"""The report: what it measures on, what it says of too little, and its two files."""

import json
from html.parser import HTMLParser
from pathlib import Path

from recto.corrections.calibration.judged import Reader
from recto.corrections.calibration.page import write_calibration
from recto.corrections.calibration.report import ReaderReport, reported

from .conftest import too_sure

BASE, RELEASED = Reader("general", "ppocr", ""), Reader("legal", "ppocr", "4")


def test_pages_at_random_alone_are_measured_where_they_are_enough() -> None:
    drawn, chosen = too_sure(30, drawn=True), too_sure(30, seed=9)
    measured = reported(BASE, drawn, [0.99]).measured
    assert measured is not None and (measured.only_drawn, measured.documents, measured.lines) == (
        True,
        30,
        300,
    )
    few = reported(BASE, [*drawn[:10], *chosen[10:]], [0.99]).measured
    assert few is not None and (few.only_drawn, few.documents) == (False, 30)
    assert few.after.calibration_error < few.before.calibration_error
    assert [choice.of for choice in few.choices] == ["lines", "pages"]


def test_too_little_is_said() -> None:
    few = reported(BASE, too_sure(3), [0.99])
    assert (
        few.measured is None and few.problem is not None and few.problem.startswith("3 corrected documents")
    )


class Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]


def test_both_files_tell_the_same(tmp_path: Path) -> None:
    reports: list[ReaderReport] = [
        reported(BASE, too_sure(40), [0.7, 0.99]),
        reported(RELEASED, too_sure(40, seed=8), [0.99]),
        reported(Reader("x", "other <engine>", ""), too_sure(2), [0.99]),
    ]
    json_path, html_path = write_calibration(reports, tmp_path)
    told = json.loads(json_path.read_text("utf-8"))["readers"]
    assert [one["release"] for one in told] == ["", "4", ""]
    assert (
        told[0]["measured"]["after"]["calibration_error"] < told[0]["measured"]["before"]["calibration_error"]
    )
    assert told[2]["measured"] is None and "2 corrected documents" in told[2]["problem"]
    html = html_path.read_text("utf-8")
    assert html.count("<svg") == 4 and "other &lt;engine&gt;" in html and "Too few corrections: 2" in html
    page = Ids()
    page.feed(html)
    assert len(page.ids) == len(set(page.ids))
    assert "Nobody has corrected" in write_calibration([], tmp_path / "none")[1].read_text("utf-8")
