"""A font for text that is searched and copied and never seen: one box for every character, and their table.

The box isn't empty, because readers of PDF drop text that takes no room.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

FONT_NAME = "RectoHidden"
UNITS = 1000
ADVANCE, ASCENT, DESCENT = 500, 800, -200
"""The box of every character, in thousandths of the size: how wide, how far above the baseline and below."""

_HEAD = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_TAIL = """endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""
_ENTRIES_AT_ONCE = 100  # as many as a section may have (Adobe technical note 5014)


@cache
def font_program() -> bytes:
    """A TrueType font with one glyph, the box."""
    names = [".notdef", "box"]
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "box"})
    builder.setupGlyf({name: _box() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (ADVANCE, 0)))
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": FONT_NAME, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT, usWinAscent=ASCENT, usWinDescent=-DESCENT)
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0  # the same bytes each time
    builder.font.recalcTimestamp = False
    stream = BytesIO()
    builder.font.save(stream)
    return stream.getvalue()


def _box() -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    for corner in ((0, ASCENT), (ADVANCE, ASCENT), (ADVANCE, DESCENT)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()


def character_table(codes: Mapping[str, int]) -> bytes:
    """The ToUnicode CMap of a font whose `codes` stand for these characters (ISO 32000-1, 9.10.3)."""
    sections = "".join(_section(part) for part in _parts(list(codes.items())))
    return (_HEAD + sections + _TAIL).encode("ascii")


def _parts(entries: Sequence[tuple[str, int]]) -> list[Sequence[tuple[str, int]]]:
    return [entries[at : at + _ENTRIES_AT_ONCE] for at in range(0, len(entries), _ENTRIES_AT_ONCE)]


def _section(entries: Sequence[tuple[str, int]]) -> str:
    rows = "".join(f"<{code:04X}> <{_utf16(character)}>\n" for character, code in entries)
    return f"{len(entries)} beginbfchar\n{rows}endbfchar\n"


def _utf16(character: str) -> str:
    """A half of a character, which some readings hold, becomes the sign for what can't be shown."""
    return character.encode("utf-16-be", "surrogatepass").hex().upper() if character.isprintable() else "FFFD"
