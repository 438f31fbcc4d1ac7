"""Image files → Pages: JPEG, PNG and WebP hold one, a TIFF any number.

Sizes are checked on the header, before anything is decoded. Colours and orientation are in
`documents/pixels`; animations are read as their first picture.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image as PillowImage

from recto.documents.limits import Limits
from recto.documents.page import Image, Page
from recto.documents.pixels import upright_rgb
from recto.documents.quiet import without_pillow_warnings
from recto.documents.source import Kind, Source
from recto.documents.truncation import image_ends_early
from recto.errors import BrokenDocument, DocumentTooLarge, TruncatedDocument

# What Pillow's decoders raise on damaged files, found by fuzzing.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, EOFError,
    AssertionError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip

_JPEG_SCANS = 200  # cameras and scanners write 1 to 12; each scan costs a pass over all pixels
_SCAN_MARKER = b"\xff\xda"
_JPEG_END = b"\xff\xd9"
_CHUNK_BYTES = 1_000_000
_MENDED_BYTES = 200_000_000  # mending holds the file in memory; no JPEG of 40 Mpx is as large


class ImageDocument:
    """An open image file; `page_count` is known, pixels are decoded page by page."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Read the headers. Raises BrokenDocument, TruncatedDocument or DocumentTooLarge."""
        self._source = source
        self._limits = limits
        self._image: PillowImage.Image | None = None
        with self._decoding(source.name):
            _refuse_endless_scans(source)
            self._image = PillowImage.open(source.rewound(), formats=[source.kind.value])
            self.page_count = self._count_pages(self._image)

    def page(self, number: int) -> Page:
        """Page `number`, from 1. Raises BrokenDocument, TruncatedDocument or DocumentTooLarge."""
        source = self._source
        where = source.name if self.page_count == 1 else f"{source.name}, page {number}"
        with self._decoding(where):
            return Page(source.name, number, self._pixels(number, where), source.sha256)

    def close(self) -> None:
        """Let go of the decoded image."""
        if self._image is not None:
            self._image.close()

    def _pixels(self, number: int, where: str) -> Image:
        image = self._image
        assert image is not None
        if self._source.kind is Kind.TIFF:
            image.seek(number - 1)
        self._limits.check_pixels(*image.size, where)
        try:
            return upright_rgb(image)
        except OSError as error:
            mended = _mended_jpeg(self._source) if "truncated" in str(error) else None
            if mended is None:
                raise
            return mended

    def _count_pages(self, image: PillowImage.Image) -> int:
        """The number of pages, counted no further than the limit: a TIFF is a chain without a length."""
        if self._source.kind is not Kind.TIFF:
            self._limits.check_pixels(*image.size, self._source.name)
            return 1
        count = 1
        try:
            while True:
                image.seek(count)
                count += 1
                self._limits.check_pages(count, self._source.name)
        except EOFError:
            return count

    @contextmanager
    def _decoding(self, where: str) -> Iterator[None]:
        """What Pillow raises becomes an error of ours that names the file; its warnings stay inside."""
        try:
            with without_pillow_warnings():
                yield
        except PillowImage.DecompressionBombError:
            raise DocumentTooLarge(
                f"the image has more than {self._limits.max_pixels / 1e6:,.0f} Mpx",
                where=where,
                hint="scale it down, or raise max_pixels",
            ) from None
        except _DECODER_ERRORS as error:
            raise self._broken(where, error) from None

    def _broken(self, where: str, error: Exception) -> BrokenDocument:
        kind = self._source.kind
        if "truncated" in str(error).lower() or image_ends_early(self._source, self._image):
            return TruncatedDocument(
                f"the {kind} file ends too early: part of the image is missing",
                where=where,
                hint="copy or download it again",
            )
        reason = str(error).partition("\n")[0] or type(error).__name__
        return BrokenDocument(
            f"the {kind} file is damaged ({reason})",
            where=where,
            hint="copy it again, or save it anew as PNG",
        )


def _refuse_endless_scans(source: Source) -> None:
    """Raises ValueError for a JPEG of absurdly many scans, a small file that would take minutes."""
    if source.kind is not Kind.JPEG:
        return
    stream = source.rewound()
    scans, last = 0, b""
    while chunk := stream.read(_CHUNK_BYTES):
        scans += (last + chunk).count(_SCAN_MARKER)
        last = chunk[-1:]
    if scans > _JPEG_SCANS:
        raise ValueError(f"more than {_JPEG_SCANS} scans")


def _mended_jpeg(source: Source) -> Image | None:
    """The pixels of a JPEG that lacks nothing but its end marker; None where pixels are missing too.

    Two tails are tried. If data is missing, the decoder takes the second one for image data, and the
    pictures differ; if only the marker is, both tails come after the last pixel.
    """
    if source.kind is not Kind.JPEG or source.size_bytes > _MENDED_BYTES:
        return None
    body = source.rewound().read().rstrip(b"\xff")
    bare, padded = (upright_rgb(_jpeg(body + tail + _JPEG_END)) for tail in (b"", b"\x55" * 64))
    return bare if np.array_equal(bare, padded) else None


def _jpeg(data: bytes) -> PillowImage.Image:
    return PillowImage.open(BytesIO(data), formats=["JPEG"])
