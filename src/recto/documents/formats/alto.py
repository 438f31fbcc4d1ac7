"""ALTO: the Library of Congress' XML for pages; versions 2 to 4 are read, 4.2 is written.

Specification: https://www.loc.gov/standards/alto/. One file holds the pages of a document. Words of which the
engine tells nothing get the share of their line that their characters take, and the line's confidence.
Styles, illustrations and hyphenation (SUBS_CONTENT) aren't read.
"""

from collections.abc import Sequence

from lxml import etree

from recto.documents.formats.sheet import (
    Point,
    Sheet,
    bounds,
    coordinate,
    lines_of,
    middle,
    polygon_along,
    share,
    words_of,
)
from recto.documents.formats.xml import (
    Element,
    all_named,
    child,
    name_of,
    parse_xml,
    plain,
    points_of,
    written,
)
from recto.documents.transcript import Box, Line, Transcript

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
ROOT = "alto"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = f"{NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"
_NOWHERE = (0.0, 0.0, 0.0, 0.0)


def read(data: bytes) -> list[Sheet]:
    """The pages of an ALTO file. Raises ValueError where it is none."""
    root = parse_xml(data)
    if name_of(root) != ROOT:
        raise ValueError(f"no ALTO: the root is called {name_of(root)[:40]!r}")
    image = next((name.text or "" for name in all_named(root, "fileName")), "")
    pages = enumerate(all_named(root, "Page"), start=1)
    return [
        Sheet(
            image=image.strip(),
            number=number,
            width=coordinate(page.get("WIDTH", "0")),
            height=coordinate(page.get("HEIGHT", "0")),
            lines=tuple(line for one in all_named(page, "TextLine") if (line := _line(one)).text),
        )
        for number, page in pages
    ]


def write(transcripts: Sequence[Transcript]) -> bytes:
    """The pages of one document as ALTO 4.2."""
    root = etree.Element(f"{{{NAMESPACE}}}{ROOT}", nsmap={None: NAMESPACE, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", _SCHEMA)
    description = _add(root, "Description")
    _add(description, "MeasurementUnit").text = "pixel"
    source = _add(description, "sourceImageInformation")
    _add(source, "fileName").text = plain(transcripts[0].document) if transcripts else ""
    for number, engine in enumerate(dict.fromkeys(t.engine for t in transcripts), start=1):
        software = _add(_add(description, "Processing", ID=f"reading_{number}"), "processingSoftware")
        _add(software, "softwareName").text = plain(engine)
    layout = _add(root, "Layout")
    for transcript in transcripts:
        _add_page(layout, transcript)
    return written(root)


def _line(element: Element) -> Line:
    parts = [one for one in element if name_of(one) in ("String", "SP", "HYP")]
    strings = [one for one in parts if name_of(one) == "String"]
    polygon = points_of(_outline(element))
    return Line(
        text=_text(parts),
        box=_box(element) or (bounds(polygon) if polygon else None) or _around(strings),
        confidence=middle([share(one.get("WC")) for one in strings]),
        polygon=polygon_along(polygon, _along(element)),
    )


def _text(parts: Sequence[Element]) -> str:
    """Words parted where the file says so; a file without any SP parts all of them."""
    between = "" if any(name_of(part) == "SP" for part in parts) else " "
    text = ""
    for part in parts:
        if name_of(part) == "SP":
            text += " "
        elif name_of(part) == "HYP":
            text = text.rstrip(" ") + part.get("CONTENT", "-")
        else:
            text += part.get("CONTENT", "") + between
    return " ".join(text.split())


def _box(element: Element) -> Box | None:
    values = [element.get(name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
    if any(value is None for value in values):
        return None
    x, y, width, height = (coordinate(value or "") for value in values)
    return x, y, x + width, y + height


def _around(strings: Sequence[Element]) -> Box:
    boxes = [box for one in strings if (box := _box(one))]
    return bounds([corner for b in boxes for corner in (b[:2], b[2:])]) if boxes else _NOWHERE


def _outline(element: Element) -> str:
    shape = child(element, "Shape")
    polygon = None if shape is None else child(shape, "Polygon")
    return "" if polygon is None else polygon.get("POINTS", "")


def _along(element: Element) -> Point:
    """Which way the text runs, told by its baseline; to the right where there is none with two points."""
    points = points_of(element.get("BASELINE", ""))
    if len(points) < 2:
        return 1.0, 0.0
    (x0, y0), (x1, y1) = points[0], points[-1]
    return x1 - x0, y1 - y0


def _add_page(layout: Element, transcript: Transcript) -> None:
    size = {"WIDTH": str(transcript.width), "HEIGHT": str(transcript.height)}
    name = f"page_{transcript.page}"
    page = _add(layout, "Page", ID=name, PHYSICAL_IMG_NR=str(transcript.page), **size)
    space = _add(page, "PrintSpace", HPOS="0", VPOS="0", **size)
    lines = lines_of(transcript)
    if not lines:
        return
    block = _add(
        space, "TextBlock", ID=f"{name}_text", **_place(bounds([c for one in lines for c in _corners(one)]))
    )
    for number, line in enumerate(lines, start=1):
        _add_line(block, line, f"{name}_line_{number}")


def _add_line(block: Element, line: Line, name: str) -> None:
    element = _add(block, "TextLine", ID=name, **_place(line.box))
    if line.polygon is not None:
        if len(line.polygon) == 4:
            element.set("BASELINE", _points(line.polygon[3:1:-1]))
        _add(_add(element, "Shape"), "Polygon", POINTS=_points(line.polygon))
    for number, word in enumerate(words_of(line), start=1):
        if number > 1:
            _add(element, "SP")
        string = _add(element, "String", ID=f"{name}_{number}", CONTENT=plain(word.text), **_place(word.box))
        if word.confidence is not None:
            string.set("WC", f"{word.confidence:.4f}")


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)


def _place(box: Box) -> dict[str, str]:
    x0, y0, x1, y1 = box
    values = {"HPOS": x0, "VPOS": y0, "WIDTH": x1 - x0, "HEIGHT": y1 - y0}
    return {name: f"{value:.1f}" for name, value in values.items()}


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _corners(line: Line) -> tuple[Point, Point]:
    return line.box[:2], line.box[2:]
