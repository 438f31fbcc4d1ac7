"""PAGE XML (PRImA; Transkribus, eScriptorium and OCR-D use it): 2010 to 2019 are read, 2019-07-15 is written.

Specification: https://ocr-d.de/en/gt-guidelines/trans/trPage. A file holds one page. Lines are read in the
file's ReadingOrder; a region that has a text and no lines gives its rows, all in the region's box. Tables'
structure, glyphs and styles aren't read.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

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
)
from recto.documents.formats.xml import (
    Element,
    all_named,
    child,
    children,
    name_of,
    parse_xml,
    plain,
    points_of,
    written,
)
from recto.documents.transcript import Line, Polygon, Transcript

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
ROOT = "PcGts"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NOWHERE = (0.0, 0.0, 0.0, 0.0)


def read(data: bytes) -> list[Sheet]:
    """The page of a PAGE XML file, as a list of one. Raises ValueError where it is none."""
    root = parse_xml(data)
    page = child(root, "Page")
    if name_of(root) != ROOT or page is None:
        raise ValueError("no PAGE XML: there is no Page in it")
    lines = [line for region in _in_reading_order(page) for line in _lines_of_region(region)]
    return [
        Sheet(
            image=page.get("imageFilename", "").strip(),
            number=1,
            width=coordinate(page.get("imageWidth", "0")),
            height=coordinate(page.get("imageHeight", "0")),
            lines=tuple(line for line in lines if line.text),
        )
    ]


def write(transcript: Transcript, made: datetime | None = None) -> bytes:
    """One page as PAGE XML; `made` is the time that it names (default: now)."""
    root = etree.Element(f"{{{NAMESPACE}}}{ROOT}", nsmap={None: NAMESPACE, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{NAMESPACE} {NAMESPACE}/pagecontent.xsd")
    metadata = _add(root, "Metadata")
    time = (made or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for name, text in (("Creator", transcript.engine), ("Created", time), ("LastChange", time)):
        _add(metadata, name).text = plain(text)
    page = _add(
        root,
        "Page",
        imageFilename=plain(transcript.document),
        imageWidth=str(transcript.width),
        imageHeight=str(transcript.height),
    )
    lines = lines_of(transcript)
    if lines:
        _add_region(page, lines)
    return written(root)


def _in_reading_order(page: Element) -> list[Element]:
    """The text regions: those that ReadingOrder lists, in its order, then the others."""
    order = child(page, "ReadingOrder")
    places = {name: place for place, name in enumerate(_referred(order) if order is not None else ())}
    regions = list(all_named(page, "TextRegion"))
    return sorted(regions, key=lambda region: places.get(region.get("id", ""), len(places)))


def _referred(group: Element) -> Iterator[str]:
    """The regions that a group of ReadingOrder names, groups in it included."""
    for one in sorted(group, key=lambda one: _index(one.get("index"))):
        if reference := one.get("regionRef"):
            yield reference
        yield from _referred(one)


def _index(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 10 else 0


def _lines_of_region(region: Element) -> Iterator[Line]:
    lines = list(children(region, "TextLine"))
    for line in lines:
        yield _line(line)
    if not lines:
        text, confidence = _said(region)
        points = _outline(region)
        box = bounds(points) if points else _NOWHERE
        for row in text.splitlines():
            yield Line(" ".join(row.split()), box, confidence)


def _line(element: Element) -> Line:
    words = [_said(word) for word in children(element, "Word")]
    text, confidence = _said(element)
    if not text:
        text = " ".join(word for word, _ in words if word)
    if confidence is None:
        confidence = middle([one for _, one in words])
    points = _outline(element)
    box = bounds(points) if points else _NOWHERE
    return Line(" ".join(text.split()), box, confidence, polygon_along(points, _along(element)))


def _said(element: Element) -> tuple[str, float | None]:
    """The text of an element and how sure its reader was: of several readings the first by `index`."""
    readings = sorted(children(element, "TextEquiv"), key=lambda one: _index(one.get("index")))
    if not readings:
        return "", None
    text = child(readings[0], "Unicode")
    if text is None:
        text = child(readings[0], "PlainText")
    return (text.text or "" if text is not None else ""), share(readings[0].get("conf"))


def _outline(element: Element) -> list[Point]:
    """The points of `Coords`: an attribute, before 2013 elements of their own."""
    coords = child(element, "Coords")
    if coords is None:
        return []
    if points := coords.get("points"):
        return points_of(points)
    return [(coordinate(p.get("x", "")), coordinate(p.get("y", ""))) for p in children(coords, "Point")]


def _along(element: Element) -> Point:
    baseline = child(element, "Baseline")
    points = [] if baseline is None else points_of(baseline.get("points", ""))
    if len(points) < 2:
        return 1.0, 0.0
    (x0, y0), (x1, y1) = points[0], points[-1]
    return x1 - x0, y1 - y0


def _add_region(page: Element, lines: list[Line]) -> None:
    """One region around all lines, listed in the reading order."""
    name = "region_1"
    group = _add(_add(page, "ReadingOrder"), "OrderedGroup", id="order")
    _add(group, "RegionRefIndexed", index="0", regionRef=name)
    around = bounds([corner for line in lines for corner in (line.box[:2], line.box[2:])])
    region = _add(page, "TextRegion", id=name)
    _add(region, "Coords", points=_points(_rectangle(Line("", around))))
    for number, line in enumerate(lines, start=1):
        element = _add(region, "TextLine", id=f"line_{number}")
        outline = line.polygon or _rectangle(line)
        _add(element, "Coords", points=_points(outline))
        if len(outline) == 4:
            _add(element, "Baseline", points=_points(outline[3:1:-1]))
        said = _add(element, "TextEquiv")
        if line.confidence is not None:
            said.set("conf", f"{line.confidence:.4f}")
        _add(said, "Unicode").text = plain(" ".join(line.text.split()))


def _rectangle(line: Line) -> Polygon:
    x0, y0, x1, y1 = line.box
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)


def _points(points: Polygon) -> str:
    """Whole pixels, none below zero: the schema allows no others."""
    return " ".join(f"{max(0, round(x))},{max(0, round(y))}" for x, y in points)
