"""Pixels of every kind that an image file can hold → upright RGB, 8 bits, transparency on white.

It converts what Pillow has opened; which files are opened, and how large they may be, `documents/images`
says.
"""

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

from recto.documents.page import Image

_PHOTOMETRIC = 262  # TIFF tag PhotometricInterpretation
_WHITE_IS_ZERO = 0
_WHITE = (255, 255, 255, 255)


def upright_rgb(image: PillowImage.Image) -> Image:
    """The image turned as its EXIF orientation says, as height × width × 3. Decodes it if need be."""
    tags = getattr(image, "tag_v2", {})  # of TIFF; they are gone once the image is turned
    rgb = _rgb(_turned(image), white_is_zero=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
    return np.array(rgb)  # a copy of its own: writable, and free of the decoder


def _turned(image: PillowImage.Image) -> PillowImage.Image:
    """The image upright; an orientation that can't be made out counts as upright."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except (ValueError, TypeError, SyntaxError, KeyError, OSError, EOFError, struct.error):
        return image  # the pixels are whole, only the EXIF block is damaged


def _rgb(image: PillowImage.Image, *, white_is_zero: bool) -> PillowImage.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return _deep_grey(image, white_is_zero=white_is_zero)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return PillowImage.alpha_composite(PillowImage.new("RGBA", rgba.size, _WHITE), rgba).convert("RGB")
    return image.convert("RGB")


def _deep_grey(image: PillowImage.Image, *, white_is_zero: bool) -> PillowImage.Image:
    """Grey of 16 or 32 bits, scaled to 8 bits by the range that its values show."""
    values = np.asarray(image).astype(np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    bits_16 = image.mode.startswith("I;16")
    grey = _to_8_bits(values, 65535.0 if bits_16 else _range(values))
    if bits_16 and white_is_zero:  # Pillow inverts 1 and 8 bits by itself, not 16
        grey = 255 - grey
    return PillowImage.fromarray(grey).convert("RGB")


def _range(values: NDArray[np.float32]) -> float:
    """What white is in an image of 32 bits, which has no range of its own: that of 1, 8 or 16 bits."""
    top = float(values.max(initial=0.0))
    return next((white for white in (1.0, 255.0, 65535.0) if top <= white), top)


def _to_8_bits(values: NDArray[np.float32], white: float) -> NDArray[np.uint8]:
    scaled: NDArray[np.uint8] = np.clip(values * (255.0 / white) + 0.5, 0, 255).astype(np.uint8)
    return scaled


def _from_lab(image: PillowImage.Image) -> PillowImage.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("L").convert("RGB") if converted is None else converted
