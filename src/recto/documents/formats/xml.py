"""XML from strangers, read safely: no entities, no DTD, nothing fetched; and text that XML can hold, written.

Namespaces are dropped when reading: versions of a standard differ by nothing else that matters here.
"""

import re
from collections.abc import Iterator

from lxml import etree

from recto.documents.formats.sheet import Point, coordinate

Element = etree._Element

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def parse_xml(data: bytes) -> Element:
    """The root of the file. Raises ValueError for broken XML, and for XML that defines entities."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no valid XML: {error.msg}") from None
    if root is None:
        raise ValueError("no valid XML: there is nothing in it")
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise ValueError("the XML defines entities of its own, which are not expanded here")
    return root


def name_of(element: Element) -> str:
    """The element's name without its namespace; "" for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def all_named(element: Element, name: str) -> Iterator[Element]:
    """The elements of this name below `element`, at any depth, in the file's order."""
    return (one for one in element.iter() if name_of(one) == name)


def children(element: Element, name: str) -> Iterator[Element]:
    """The elements of this name right below `element`."""
    return (one for one in element if name_of(one) == name)


def child(element: Element, name: str) -> Element | None:
    """The first of them, or None."""
    return next(children(element, name), None)


def points_of(value: str) -> list[Point]:
    """`1,2 3,4` and `1 2 3 4` as points. Raises ValueError for numbers that are no place on a page."""
    numbers = [coordinate(found) for found in _NUMBER.findall(value)]
    return list(zip(numbers[::2], numbers[1::2], strict=False))


def plain(text: str) -> str:
    """`text` without the characters that XML can't hold (controls, halves of characters)."""
    return _ILLEGAL.sub("", text)


def written(root: Element) -> bytes:
    """The file: UTF-8, indented, with its declaration."""
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
