"""Truncation: does a file end before its content does? A cut download deserves a better word than "broken".

It looks at what the formats say about their own length; it decodes nothing.
"""

import re
from collections.abc import Callable
from typing import Literal

from PIL import Image as PillowImage

from recto.documents.source import Kind, Source, Stream

_CHUNK_BYTES = 1_000_000
_STARTXREF = re.compile(rb"startxref\s+(\d+)")
_OBJECT = re.compile(rb"\d+ \d+ obj\b")
_DIRECTORIES = 10_000  # a chain may lead in circles
_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 279, 324, 325  # TIFF 6.0 tags


def image_ends_early(source: Source, image: PillowImage.Image | None) -> bool:
    """Whether an image that couldn't be decoded was cut short; `image` is what Pillow made of it so far."""
    check = _CHECKS.get(source.kind)
    return bool(check and check(source)) or (image is not None and _tiff_data_is_missing(source, image))


def pdf_ends_early(source: Source) -> bool:
    """Whether a PDF lacks its end: the `startxref` that closes the last revision (ISO 32000-1, 7.5.5).

    Only the final `%%EOF` missing is harmless. A linearised file has a `startxref 0` near its beginning,
    which doesn't count, and an update that was cut short leaves objects behind the last `startxref`.
    """
    tail = _from_last(source, b"startxref")
    found = _STARTXREF.match(tail)
    return found is None or int(found[1]) == 0 or _OBJECT.search(tail) is not None


def _from_last(source: Source, word: bytes) -> bytes:
    """The file from the last `word` on (a chunk at most), empty where there is none."""
    stream = source.rewound()
    end = source.size_bytes
    while end > 0:
        start = max(end - _CHUNK_BYTES, 0)
        found = _read(stream, start, end - start + len(word)).rfind(word)
        if found >= 0:
            return _read(stream, start + found, _CHUNK_BYTES)
        end = start
    return b""


def _read(stream: Stream, offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)


def _png_has_no_end(source: Source) -> bool:
    return b"IEND" not in _from_last(source, b"IEND")


def _webp_is_short(source: Source) -> bool:
    declared = int.from_bytes(_read(source.stream, 4, 4), "little") + 8
    return declared > source.size_bytes


def _tiff_directory_is_missing(source: Source) -> bool:
    """Whether the chain of directories, one per page, leads beyond the end (TIFF 6.0 section 2; BigTIFF)."""
    head = _read(source.stream, 0, 16)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    is_big = 43 in head[2:4]
    count_bytes, entry_bytes, offset_bytes = (8, 20, 8) if is_big else (2, 12, 4)
    at = int.from_bytes(head[8:16] if is_big else head[4:8], order)
    for _ in range(_DIRECTORIES):
        if at == 0:
            return False
        entries = int.from_bytes(_read(source.stream, at, count_bytes), order)
        link = at + count_bytes + entries * entry_bytes
        if link + offset_bytes > source.size_bytes:
            return True
        at = int.from_bytes(_read(source.stream, link, offset_bytes), order)
    return False


def _tiff_data_is_missing(source: Source, image: PillowImage.Image) -> bool:
    tags = getattr(image, "tag_v2", {})
    for offsets, sizes in ((_STRIP_OFFSETS, _STRIP_BYTES), (_TILE_OFFSETS, _TILE_BYTES)):
        ends = zip(tags.get(offsets, ()), tags.get(sizes, ()), strict=False)
        if any(offset + size > source.size_bytes for offset, size in ends):
            return True
    return False


_CHECKS: dict[Kind, Callable[[Source], bool]] = {
    Kind.PNG: _png_has_no_end,
    Kind.WEBP: _webp_is_short,
    Kind.TIFF: _tiff_directory_is_missing,
}
