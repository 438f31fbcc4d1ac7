"""What is written in a format of another program comes back, valid by its schema, whatever was read."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from recto.documents.formats import alto, hocr, page_xml
from recto.documents.formats.sheet import Sheet
from recto.documents.formats.xml import plain
from recto.documents.transcript import Line, Polygon, Transcript, Word

SAMPLES = Path(__file__).parent / "samples"
WIDTH, HEIGHT = 400, 300

Write = Callable[[list[Transcript]], bytes]


def write_page(transcripts: list[Transcript]) -> bytes:
    return page_xml.write(transcripts[0], datetime(2026, 1, 2, tzinfo=UTC))


FORMATS: dict[str, tuple[Write, Callable[[bytes], list[Sheet]]]] = {
    "alto": (alto.write, alto.read),
    "page": (write_page, page_xml.read),
    "hocr": (hocr.write, hocr.read),
}

texts = st.text(st.characters(codec="utf-8"), max_size=30)
places = st.tuples(
    st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1), st.floats(1, WIDTH), st.floats(1, HEIGHT)
).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))
lines = st.builds(Line, texts, places, st.none() | st.floats(0, 1))


def transcript(*of: Line, text: str = "") -> Transcript:
    return Transcript("a b.jpg", 1, WIDTH, HEIGHT, text, of, "engine 1")


def legible(text: str) -> str:
    """What any of the formats can hold: characters of XML, one blank between words."""
    return " ".join(plain(word) for word in text.split() if plain(word))


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=150, deadline=None)
@given(wild=st.lists(lines, max_size=4))
def test_wild_lines_come_back(name: str, wild: list[Line]) -> None:
    write, read = FORMATS[name]
    (sheet,) = read(write([transcript(*wild)]))
    expected = [line for line in wild if legible(line.text)]
    assert (sheet.image, sheet.width, sheet.height) == ("a b.jpg", WIDTH, HEIGHT)
    assert [line.text.split() for line in sheet.lines] == [legible(line.text).split() for line in expected]
    for line, was in zip(sheet.lines, expected, strict=True):
        assert line.box == pytest.approx(was.box, abs=1)
        assert line.confidence == (
            None if was.confidence is None else pytest.approx(was.confidence, abs=0.006)
        )


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("turns", range(4))
def test_the_way_that_a_text_runs_comes_back(name: str, turns: int) -> None:
    corners = ((10.0, 20.0), (210.0, 20.0), (210.0, 60.0), (10.0, 60.0))
    polygon = corners[turns:] + corners[:turns]
    write, read = FORMATS[name]
    (sheet,) = read(write([transcript(Line("turned", (10, 20, 210, 60), 0.5, polygon))]))
    assert (sheet.lines[0].polygon or corners) == polygon


WORDS = (Word(0.9, (0.0, 0.25)), Word(0.5, (0.75, 1.0)))


@pytest.mark.parametrize(
    ("polygon", "boxes"),
    [
        (None, ["0 10 100 20", "300 10 400 20"]),
        (((0.0, 10.0), (400.0, 10.0), (400.0, 20.0), (0.0, 20.0)), ["0 10 100 20", "300 10 400 20"]),
        (((400.0, 20.0), (0.0, 20.0), (0.0, 10.0), (400.0, 10.0)), ["300 10 400 20", "0 10 100 20"]),
    ],
)
def test_words_are_written_with_what_the_engine_told_of_them(
    polygon: Polygon | None, boxes: list[str]
) -> None:
    line = Line("wide print", (0, 10, 400, 20), 0.95, polygon, WORDS)
    written = hocr.write([transcript(line)]).decode()
    assert re.findall(r"bbox ([\d ]+); x_wconf (\d+)", written) == [(boxes[0], "90"), (boxes[1], "50")]
    strings = [one for one in etree.fromstring(alto.write([transcript(line)])).iter() if one.get("CONTENT")]
    assert [one.get("WC") for one in strings] == ["0.9000", "0.5000"]
    found = [[float(one.get(key)) for key in ("HPOS", "VPOS", "WIDTH", "HEIGHT")] for one in strings]
    assert [f"{x:.0f} {y:.0f} {x + w:.0f} {y + h:.0f}" for x, y, w, h in found] == boxes


@pytest.mark.parametrize("name", ["alto", "hocr"])
def test_pages_stay_apart(name: str) -> None:
    write, read = FORMATS[name]
    empty = transcript()
    first, second = transcript(Line("one", (0, 0, 9, 9))), transcript(Line("three", (0, 0, 9, 9)))
    assert [sheet.text for sheet in read(write([first, empty, second]))] == ["one", "", "three"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_text_without_lines_is_written_row_by_row(name: str) -> None:
    write, read = FORMATS[name]
    (sheet,) = read(write([transcript(text="one row\n\nanother")]))
    assert [line.text for line in sheet.lines] == ["one row", "another"]
    assert {line.box for line in sheet.lines} == {(0, 0, WIDTH, HEIGHT)}


@given(wild=st.lists(lines, max_size=3))
@settings(max_examples=60, deadline=None)
def test_page_xml_is_valid_by_its_schema(wild: list[Line]) -> None:
    written = etree.fromstring(write_page([transcript(*wild)]))
    SCHEMA.assertValid(written)


SCHEMA = etree.XMLSchema(etree.parse(SAMPLES / "page-2019-07-15.xsd"))
