"""Version 1 of DeepSeek-OCR, which transformers doesn't have: its pixels, and what its program takes.

Made after the published preprocessing (deepseek-ai/DeepSeek-OCR, `process/image_process.py`), in PIL alone:
modes up to 640 px stretch the page, larger ones pad it with grey; tiles come from a stretched copy. Its
program itself is not here: it comes with the weights, and runs only where that is allowed by name.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageOps

from recto.engines.vlm.modes import Options, nearest_grid
from recto.engines.vlm.packages import torch

_GREY = (127, 127, 127)
_STRETCHED_UP_TO_PX = 640


def version_one_pixels(page: PillowImage.Image, options: Options) -> dict[str, torch.Tensor]:
    """`whole` (1 × 3 × size × size), `grid` (columns, rows), and `tiles` (n × 3 × …) where there are several.

    Values are -1 to 1; `options` are those of a mode of version 1.
    """
    size, tile_px = options["size"], int(options["tile_size"])
    columns, rows = (1, 1)
    if options["crop_to_patches"] and max(page.size) > tile_px:
        columns, rows = nearest_grid(page.width, page.height, tile_px, int(options["max_patches"]))
    pixels = {
        "whole": _values(_whole(page, size["height"])).unsqueeze(0),
        "grid": torch.tensor([[columns, rows]]),
    }
    if columns * rows > 1:
        pixels["tiles"] = torch.stack([_values(tile) for tile in _tiles(page, columns, rows, tile_px)])
    return pixels


def gathered(
    pages: Sequence[Mapping[str, torch.Tensor]], picture: torch.Tensor
) -> dict[str, torch.Tensor | list[tuple[torch.Tensor, torch.Tensor]]]:
    """What the program takes beside the tokens; `picture` (pages × tokens) says which are of pictures.

    A page without tiles has one of zeros: that is how the program knows.
    """
    pairs = [(page.get("tiles", torch.zeros_like(page["whole"])), page["whole"]) for page in pages]
    grids = torch.cat([page["grid"] for page in pages])
    return {"images": pairs, "images_seq_mask": picture, "images_spatial_crop": grids}


def _whole(page: PillowImage.Image, side: int) -> PillowImage.Image:
    if side <= _STRETCHED_UP_TO_PX:
        return page.resize((side, side))
    return ImageOps.pad(page, (side, side), color=_GREY)


def _tiles(page: PillowImage.Image, columns: int, rows: int, side: int) -> list[PillowImage.Image]:
    """Squares of `side`, row by row."""
    sheet = page.resize((columns * side, rows * side))
    corners = [(column * side, row * side) for row in range(rows) for column in range(columns)]
    return [sheet.crop((left, top, left + side, top + side)) for left, top in corners]


def _values(picture: PillowImage.Image) -> torch.Tensor:
    pixels = np.asarray(picture, dtype=np.float32).transpose(2, 0, 1)
    return torch.from_numpy(pixels / 127.5 - 1)
