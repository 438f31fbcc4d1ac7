"""Limits: how large a document may be, checked before anything is decoded or rendered.

The defaults let a scanned book in and keep a decompression bomb out. Nothing is opened here.
"""

from dataclasses import dataclass

from recto.errors import DocumentTooLarge, SettingsError

DEFAULT_DPI = 200.0
"""Resolution at which PDF pages are rendered: small print is legible, an A4 page is 3.9 Mpx."""


PIXELS_AT_MOST = 178_000_000
"""Where Pillow itself refuses to go on (twice its MAX_IMAGE_PIXELS)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest document that is opened; each field is a setting of the same name (`--max-pixels`)."""

    max_bytes: int = 2_000_000_000
    max_pixels: int = 40_000_000
    max_pages: int = 10_000

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < 1:
                raise SettingsError(f"must be at least 1, not {getattr(self, name)}", where=name)
        if self.max_pixels > PIXELS_AT_MOST:
            raise SettingsError(
                f"must be at most {PIXELS_AT_MOST:,}, not {self.max_pixels}", where="max_pixels"
            )

    def check_bytes(self, size_bytes: int, where: str) -> None:
        """Raises DocumentTooLarge when the file has more bytes than `max_bytes`."""
        if size_bytes > self.max_bytes:
            raise DocumentTooLarge(
                f"the file has {size_bytes / 1e6:,.0f} MB, more than {self.max_bytes / 1e6:,.0f} MB",
                where=where,
                hint="split it, or raise max_bytes",
            )

    def check_pages(self, pages: int, where: str) -> None:
        """Raises DocumentTooLarge when the document has more pages than `max_pages`."""
        if pages > self.max_pages:
            raise DocumentTooLarge(
                f"the document has more than {self.max_pages:,} pages",
                where=where,
                hint="split it, or raise max_pages",
            )

    def check_pixels(self, width: int, height: int, where: str, hint: str = "") -> None:
        """Raises DocumentTooLarge when an image of `width` × `height` is over `max_pixels`."""
        if width * height > self.max_pixels:
            raise DocumentTooLarge(
                f"the page would be {width:,} × {height:,} pixels "
                f"({width * height / 1e6:,.0f} Mpx), more than {self.max_pixels / 1e6:,.0f} Mpx",
                where=where,
                hint=hint or "scale it down, or raise max_pixels",
            )


DEFAULT_LIMITS = Limits()

_DPI_RANGE = (10, 2400)


def check_dpi(dpi: float) -> None:
    """Raises SettingsError for a resolution at which nothing could be read or held."""
    low, high = _DPI_RANGE
    if not low <= dpi <= high:
        raise SettingsError(f"must be between {low} and {high}, not {dpi:g}", where="dpi")
