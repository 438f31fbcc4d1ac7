import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from recto.errors import OutputError
from recto.evaluation.compare import with_baseline
from recto.evaluation.report_html import render, write_report

from .conftest import PERFECT, WORSE

VOID = {"meta", "img", "br", "link", "hr", "input"}
EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7 * 7 }} & \"quoted\" 'single'"


class Checker(HTMLParser):
    """Collects tags, and complains where they don't nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without its start"
        assert self.open.pop() == tag


def check(html):
    """Well-formed, self-contained, without scripts; return the tags."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    names = {tag for tag, _ in checker.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form"}
    for _, attrs in checker.tags:
        assert not [name for name in attrs if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action"):
            assert re.match(r"data:image/jpeg;base64,|#", attrs.get(name) or "#")
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "url(" not in style
    assert "@import" not in style
    ids = [attrs["id"] for _, attrs in checker.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    return checker.tags


@pytest.mark.parametrize("with_one", [False, True])
def test_the_page_is_well_formed_and_self_contained(bench, with_one):
    report = bench.report(WORSE)
    check(render(report if not with_one else with_baseline(report, bench.report(PERFECT)), {}))


def test_nothing_from_documents_runs(bench):
    examples = [bench.example("a.png", "plain", EVIL), bench.example("b.png", EVIL, EVIL)]
    report = bench.report({"a.png": EVIL, "b.png": "plain"}, examples)
    report = with_baseline(report.model_copy(update={"engine": EVIL, "settings": {EVIL: EVIL}}), report)
    html = render(report, {})
    check(html)
    assert "<script" not in html
    assert "{{ 7 * 7 }}" in html
    assert "onerror=alert(1)&gt;" in html


def test_failures_are_on_the_page(bench):
    examples = [*bench.examples(), bench.example("torn.png", "text")]
    (bench.folder / "torn.png").write_bytes(b"no image")
    html = render(bench.report(PERFECT, examples), {})
    assert "1 of 5 documents couldn" in html
    check(html)


def test_written_with_images_of_the_worst_pages_only(bench, tmp_path):
    examples = bench.examples()
    json_path, html_path = write_report(
        bench.report(WORSE, examples), tmp_path / "out", examples=examples, worst=2
    )
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.html", "report.json"]
    assert json_path.stat().st_size > 1000
    sources = [attrs["src"] for tag, attrs in check(html_path.read_text("utf-8")) if tag == "img"]
    assert len(sources) == 2
    picture = Image.open(BytesIO(base64.b64decode(str(sources[0]).partition(",")[2])))
    assert picture.format == "JPEG"


def test_a_page_that_is_gone_is_said_to_be(bench, tmp_path):
    examples = bench.examples()
    report = bench.report(WORSE, examples)
    (bench.folder / "blank.png").unlink()
    _, path = write_report(report, tmp_path, examples=examples)
    assert "missing" in path.read_text("utf-8")


def test_many_documents_stay_one_bounded_page(bench):
    few = bench.report(WORSE)
    many = few.model_copy(update={"documents": few.documents * 300})
    html = render(many, {})
    assert html.count("<article") == 12
    assert "700 more are in report.json" in html
    assert len(html) < 1_000_000


def test_where_nothing_can_be_written(bench, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"report\.json"):
        write_report(bench.report(PERFECT), tmp_path / "file")


def test_columns_that_ignore_case_say_so(bench):
    blind = [replace(example, case="upper") for example in bench.examples()]
    for examples, name in ((blind, "CER (ignoring case)"), (bench.examples(), "CER")):
        html = render(with_baseline(bench.report(WORSE, examples), bench.report(PERFECT, examples)), {})
        headers = [header for header in re.findall(r"<th[^>]*>([^<]*)</th>", html) if "CER" in header]
        assert headers
        assert {header.removesuffix(" before").removesuffix(" after") for header in headers} == {name}
