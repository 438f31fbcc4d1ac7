"""Which standard a file of lines follows, told by its first bytes."""

import re

from recto.documents.formats import alto, hocr, page_xml
from recto.documents.formats.sheet import Reader

SUFFIXES = frozenset({".xml", ".hocr", ".html", ".htm", ".xhtml"})
"""How the names of such files end."""

_ROOT = re.compile(rb"<(?:[\w.-]+:)?(alto|PcGts)\b")
_READERS: dict[bytes, Reader] = {b"alto": alto.read, b"PcGts": page_xml.read}


def reader_for(head: bytes) -> Reader | None:
    """What reads a file that begins with `head` (4 kB do), or None where it is of no standard known here."""
    root = _ROOT.search(head)
    if root is not None:
        return _READERS[root[1]]
    return hocr.read if (b"<html" in head.lower() and b"ocr_page" in head) or b"ocr-system" in head else None
