"""Page: one upright image, the unit that an Engine reads. Opening files is in `documents/opening`."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""An upright page image: height × width × 3, RGB, 0–255."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """One page of a Document.

    `document` is the name that the user knows it by (the path as given), `sha256` the content hash of
    the whole file, `number` counts from 1, `dpi` is set for rendered PDF pages, `text_layer` is the text
    that a PDF carries itself (never used as a reading unless asked for).
    """

    document: str
    number: int
    image: Image = field(repr=False)
    sha256: str = ""
    dpi: float | None = None
    text_layer: str | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])
