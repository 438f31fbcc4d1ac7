"""The page: well formed, self-contained, and nothing of a document is taken for HTML."""

from pathlib import Path

import pytest

from recto.errors import OutputError
from recto.evaluation.fields.figures import differences, measured
from recto.evaluation.fields.outcomes import Outcome, Said
from recto.evaluation.fields.page import mistakes_of, render, write_field_report
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import DatasetInfo

from ..test_report_html import EVIL, check


def outcomes(*, wrong: int) -> list[Outcome]:
    found = []
    for place in range(12):
        said = Said(EVIL if place < wrong else "1", place / 12, place >= wrong, False)
        found.append(Outcome(f"{EVIL} {place}.jpg", f"{place}", "total", (EVIL,), (said,), place % 3 == 0))
    return [*found, Outcome("none.jpg", "none", "total", ("1",), (), False)]


def report(*, compared: bool) -> FieldReport:
    new, old = outcomes(wrong=3), outcomes(wrong=7)
    return FieldReport(
        recto_version="0", created_at="2026-01-01T00:00:00", engine=EVIL, schema_name=EVIL,
        schema_digest="d" * 64,
        dataset=DatasetInfo(root=EVIL, split="test", fingerprint="f"), documents=13, groups=13,
        failed={EVIL: EVIL}, candidate=measured(EVIL, new, 0.02),
        baseline=measured("before", old, 0.02) if compared else None,
        differences=differences(new, old) if compared else {},
    )  # fmt: skip


@pytest.mark.parametrize("compared", [False, True])
def test_the_page_is_whole_and_safe(compared: bool) -> None:
    html = render(report(compared=compared))
    tags = [tag for tag, _ in check(html)]
    assert tags.count("svg") == 2
    assert "&lt;script&gt;" in html and "{{ 7 * 7 }}" in html
    assert ("F1 before and after" in html) == compared
    assert "Unseen vendors" in html


def test_the_surest_mistakes_come_first() -> None:
    found = mistakes_of(report(compared=False).candidate)
    sure = [max((said.confidence for said in one.said), default=0.0) for one in found]
    assert sure == sorted(sure, reverse=True) and found[-1].said == []
    assert len(found) == 4


def test_both_files_are_written(tmp_path: Path) -> None:
    told = report(compared=True)
    json_path, html_path = write_field_report(told, tmp_path)
    assert FieldReport.model_validate_json(json_path.read_bytes()) == told
    assert html_path.read_text().startswith("<!DOCTYPE html>")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_field_report(told, tmp_path / "file")
