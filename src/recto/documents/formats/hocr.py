"""hOCR: pages as HTML, as tesseract and others write it.

Specification: https://kba.github.io/hocr-spec/1.2/. Lines are elements of class ocr_line (or ocr_header,
ocr_caption, ocr_textfloat); what stands outside of lines isn't read. Words of which the engine tells nothing
get the share of their line that their characters take, and the line's confidence (x_wconf, 0-100).
"""

import re
from collections.abc import Sequence

from lxml import etree, html

from recto.documents.formats.sheet import Sheet, coordinate, lines_of, middle, polygon_along, share, words_of
from recto.documents.formats.xml import Element, plain
from recto.documents.transcript import Box, Line, Polygon, Transcript
from recto.documents.upright import quarter_turns

_LINES = frozenset({"ocr_line", "ocr_header", "ocr_caption", "ocr_textfloat"})
_WORD = "ocrx_word"
_PAGE = "ocr_page"
_NOWHERE = (0.0, 0.0, 0.0, 0.0)
_IMAGE = re.compile(r"""image\s+(?:"([^"]*)"|'([^']*)'|([^;]+))""")
_ANGLES = {0: (1.0, 0.0), 1: (0.0, 1.0), 2: (-1.0, 0.0), 3: (0.0, -1.0)}
_HEAD = (
    ("ocr-system", None),
    ("ocr-capabilities", "ocr_page ocr_line ocrx_word"),
)


def read(data: bytes) -> list[Sheet]:
    """The pages of an hOCR file. Raises ValueError where it has none."""
    root = _parsed(data)
    pages = [one for one in root.iter() if _PAGE in _classes(one)]
    if not pages:
        raise ValueError("no hOCR: no element is of class ocr_page")
    return [_sheet(page, number) for number, page in enumerate(pages, start=1)]


def write(transcripts: Sequence[Transcript]) -> bytes:
    """The pages of one document as hOCR 1.2, in XHTML."""
    root = etree.Element("html", xmlns="http://www.w3.org/1999/xhtml")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "meta", charset="utf-8")
    title = plain(transcripts[0].document) if transcripts else ""
    etree.SubElement(head, "title").text = title
    engines = ", ".join(dict.fromkeys(plain(t.engine) for t in transcripts))
    for name, content in _HEAD:
        etree.SubElement(head, "meta", name=name, content=engines if content is None else content)
    body = etree.SubElement(root, "body")
    for transcript in transcripts:
        _add_page(body, transcript)
    text = etree.tostring(root, encoding="unicode", method="xml")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n{text}\n'.encode()


def _parsed(data: bytes) -> Element:
    """HTML's parser forgives what browsers forgive, and knows no entities but HTML's own."""
    try:
        data.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = None
    parser = html.HTMLParser(encoding=encoding, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(data, parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ValueError(f"no HTML: {error}") from None
    return root


def _sheet(page: Element, number: int) -> Sheet:
    title = page.get("title", "")
    image = _IMAGE.search(title)
    x0, y0, x1, y1 = _box(page)
    lines = (_line(one, (x0, y0)) for one in page.iter() if _LINES & _classes(one))
    return Sheet(
        image=next((part.strip() for part in image.groups() if part), "") if image else "",
        number=number,
        width=x1 - x0,
        height=y1 - y0,
        lines=tuple(line for line in lines if line.text),
    )


def _line(element: Element, origin: tuple[float, float]) -> Line:
    words = [one for one in element.iter() if _WORD in _classes(one)]
    said = [" ".join("".join(one.itertext()).split()) for one in words or [element]]
    box = _moved(_box(element), origin)
    turns = round((-_number(element, "textangle") % 360) / 90) % 4
    return Line(
        text=" ".join(one for one in said if one),
        box=box,
        confidence=middle([share(_property(word, "x_wconf"), 100) for word in words]),
        polygon=polygon_along(_corners(box), _ANGLES[turns]) if turns else None,
    )


def _moved(box: Box, origin: tuple[float, float]) -> Box:
    """The box on its page, where pages are cut from a larger picture."""
    if box == _NOWHERE:
        return box
    (x, y), (x0, y0, x1, y1) = origin, box
    return x0 - x, y0 - y, x1 - x, y1 - y


def _classes(element: Element) -> set[str]:
    return set(element.get("class", "").split()) if isinstance(element.tag, str) else set()


def _property(element: Element, name: str) -> str | None:
    """The value of one of the properties in `title`, which semicolons part."""
    for part in element.get("title", "").split(";"):
        key, _, value = part.strip().partition(" ")
        if key == name:
            return value.strip()
    return None


def _number(element: Element, name: str) -> float:
    value = _property(element, name)
    return coordinate(value) if value else 0.0


def _box(element: Element) -> Box:
    values = [coordinate(value) for value in (_property(element, "bbox") or "").split()]
    return (values[0], values[1], values[2], values[3]) if len(values) == 4 else _NOWHERE


def _corners(box: Box) -> Polygon:
    x0, y0, x1, y1 = box
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def _add_page(body: Element, transcript: Transcript) -> None:
    name = plain(transcript.document).replace('"', "").replace(";", "")
    place = f"bbox 0 0 {transcript.width} {transcript.height}; ppageno {transcript.page - 1}"
    title = f'image "{name}"; {place}'
    page = _span(body, "div", _PAGE, (f"page_{transcript.page}", title))
    page.text = "\n"  # an empty element written as XML would be open for a reader of HTML
    for number, line in enumerate(lines_of(transcript), start=1):
        identity = f"line_{transcript.page}_{number}"
        element = _span(page, "span", "ocr_line", (identity, _title(line.box) + _turned(line)))
        element.tail = "\n"
        for count, word in enumerate(words_of(line), start=1):
            sure = "" if word.confidence is None else f"; x_wconf {round(word.confidence * 100)}"
            inner = _span(element, "span", _WORD, (f"{identity}_{count}", _title(word.box) + sure))
            inner.text, inner.tail = plain(word.text), " "


def _span(parent: Element, tag: str, kind: str, id_and_title: tuple[str, str]) -> Element:
    identity, title = id_and_title
    return etree.SubElement(parent, tag, {"class": kind, "id": identity, "title": title})


def _title(box: Box) -> str:
    return "bbox " + " ".join(str(max(0, round(value))) for value in box)


def _turned(line: Line) -> str:
    turns = quarter_turns([line])
    return f"; textangle {(-90 * turns) % 360}" if turns else ""
