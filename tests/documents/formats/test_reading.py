"""Files of other programs: what tesseract, Transkribus and wild ones say, and what an attacker might."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recto.documents.formats import alto, hocr, page_xml
from recto.documents.formats.detection import reader_for
from recto.documents.formats.sheet import Sheet
from recto.documents.transcript import Line

SAMPLES = Path(__file__).parent / "samples"
TEXT = "Total amount 31.00\nThank you\nfor your visit"
READERS: dict[str, Callable[[bytes], list[Sheet]]] = {
    "receipt.alto3.xml": alto.read,
    "receipt.page2013.xml": page_xml.read,
    "receipt.hocr": hocr.read,
}


@pytest.mark.parametrize("name", READERS)
def test_samples_are_told_and_read(name: str) -> None:
    data = (SAMPLES / name).read_bytes()
    assert reader_for(data[:4096]) is READERS[name]
    (sheet,) = READERS[name](data)
    small = sheet.scaled(420, 150)
    assert (small.image, small.text) == ("receipt.png", TEXT)
    assert small.lines[0].box == pytest.approx((20, 20, 251, 38), abs=1)
    assert small.lines[2].box == pytest.approx((20, 104, 171, 127), abs=1)


def test_machines_say_how_sure_they_are_and_people_do_not() -> None:
    confident = {
        name: read((SAMPLES / name).read_bytes())[0].has_confidences for name, read in READERS.items()
    }
    assert confident == {"receipt.alto3.xml": True, "receipt.page2013.xml": False, "receipt.hocr": True}


def of_alto(line: str, page: str = 'WIDTH="100" HEIGHT="50"') -> Line:
    block = f"<PrintSpace><TextBlock>{line}</TextBlock></PrintSpace>"
    xml = f"<alto><Layout><Page {page}>{block}</Page></Layout></alto>"
    return alto.read(xml.encode())[0].scaled(200, 100).lines[0]


@pytest.mark.parametrize(
    ("line", "text", "box"),
    [
        ('<TextLine><String CONTENT="no place"/></TextLine>', "no place", (0, 0, 200, 100)),
        (
            '<TextLine><String CONTENT="a" HPOS="1" VPOS="2" WIDTH="3" HEIGHT="4"/>'
            '<String CONTENT="b" HPOS="10" VPOS="2" WIDTH="3" HEIGHT="4"/></TextLine>',
            "a b",
            (2, 4, 26, 12),
        ),
        (
            '<TextLine><Shape><Polygon POINTS="1 2 30 2 30 9 15 10 1 9"/></Shape>'
            '<String CONTENT="wo"/><HYP CONTENT="-"/></TextLine>',
            "wo-",
            (2, 4, 60, 20),
        ),
    ],
)
def test_alto_lines_without_boxes_of_their_own(line: str, text: str, box: tuple[float, ...]) -> None:
    read = of_alto(line)
    assert (read.text, read.box, read.polygon) == (text, box, None)


def test_the_oldest_page_xml_has_points_as_elements() -> None:
    xml = b"""<PcGts><Page imageWidth="10" imageHeight="10"><TextRegion><Coords><Point x="1" y="2"/>
    <Point x="5" y="2"/><Point x="5" y="8"/></Coords><TextEquiv><Unicode>one\ntwo</Unicode></TextEquiv>
    </TextRegion></Page></PcGts>"""
    (sheet,) = page_xml.read(xml)
    assert [(line.text, line.box) for line in sheet.lines] == [("one", (1, 2, 5, 8)), ("two", (1, 2, 5, 8))]


def test_hocr_that_is_no_xml_and_a_page_within_a_picture() -> None:
    page = b"""<html><body><div class=ocr_page title='image scan.tif; bbox 100 100 300 200'>
    <p><span class="x ocr_header" title="bbox 110 120 150 130">Caf&eacute;<br>au lait</span> no line</div>"""
    (sheet,) = hocr.read(page)
    assert (sheet.image, sheet.width, sheet.height) == ("scan.tif", 200, 100)
    assert [(line.text, line.box) for line in sheet.lines] == [("Caféau lait", (10, 20, 50, 30))]


BOMB = b"""<!DOCTYPE alto [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<alto><Layout><Page WIDTH="1" HEIGHT="1">
<TextLine><String CONTENT="&b;"/></TextLine></Page></Layout></alto>"""


@pytest.mark.parametrize("read", [alto.read, page_xml.read])
def test_entities_are_refused(read: Callable[[bytes], list[Sheet]], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="entities"):
        read(BOMB)
    (tmp_path / "secret").write_text("secret")
    outside = f'<!DOCTYPE alto [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]><alto>&x;</alto>'
    with pytest.raises(ValueError, match="entities"):
        read(outside.encode())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no valid XML"),
        (b"<a", "no valid XML"),
        (b"<html/>", "no (ALTO|PAGE)"),
        (b"\xff\xfe", "no valid XML"),
    ],
)
@pytest.mark.parametrize("read", [alto.read, page_xml.read])
def test_what_is_none_says_so(read: Callable[[bytes], list[Sheet]], data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(data)


@pytest.mark.parametrize("place", ["nan", "1e99", "inf", "x"])
def test_absurd_places_are_refused(place: str) -> None:
    with pytest.raises(ValueError):
        of_alto(f'<TextLine HPOS="{place}" VPOS="0" WIDTH="1" HEIGHT="1"><String CONTENT="a"/></TextLine>')
    with pytest.raises(ValueError):
        alto.read(f'<alto><Page WIDTH="{place}"/></alto>'.encode())


@given(st.binary(max_size=300), st.integers(0, 2400), st.sampled_from(sorted(READERS)))
@example(b"", 0, "receipt.hocr")
@settings(max_examples=300, deadline=None)
def test_damaged_files_are_read_or_refused(garbage: bytes, at: int, name: str) -> None:
    data = bytearray((SAMPLES / name).read_bytes())
    data[at : at + len(garbage)] = garbage
    try:
        sheets = READERS[name](bytes(data))
    except ValueError:
        return
    assert all(line.text for sheet in sheets for line in sheet.lines)
