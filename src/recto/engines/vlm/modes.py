"""Resolution modes: how large a model sees a page, and how many vision tokens that costs.

A mode is the smallest thing that both preprocessing and prices depend on. It says by itself, from the size of
a page alone, how many tokens its picture takes; that this agrees with what the processors make is under test.
Which architecture has which modes is in `engines/vlm/architectures`. No image is opened here.

Counts of version 1 are those of the paper (arXiv:2510.18234, table 1), which leaves out the ends of rows and
the separator of views; `prompt_tokens` has them. Version 2 (arXiv:2601.20552) has no ends of rows, and its
separator is counted in both.
"""

import math
from dataclasses import dataclass
from typing import TypedDict

from recto.errors import EngineError


class Options(TypedDict, total=False):
    """What the architecture's image processor is called with, in the words that transformers has for it."""

    size: dict[str, int]
    crop_to_patches: bool
    tile_size: int
    min_patches: int
    max_patches: int


_PATCH_PX = 16
_DOWNSAMPLED = 4
_STRANGEST_SHAPE = 200


@dataclass(frozen=True, slots=True)
class Square:
    """The page is fitted into a square of `size_px` and padded with grey; always the same number of tokens.

    `row_ends` says that each row of the picture ends with a token of its own, which `vision_tokens` doesn't
    count (version 1); else the one separator is counted (version 2).
    """

    name: str
    size_px: int
    row_ends: bool = False

    @property
    def options(self) -> Options:
        """Processors take the size of a picture without crops from that of its tiles."""
        return {"size": _square(self.size_px), "crop_to_patches": False, "tile_size": self.size_px}

    def vision_tokens(self, width_px: int, height_px: int) -> int:
        """The same for every page."""
        side = _side(self.size_px)
        return side * side if self.row_ends else side * side + 1

    def prompt_tokens(self, width_px: int, height_px: int) -> int:
        """Places that the picture takes in the prompt, ends of rows and separator included."""
        side = _side(self.size_px)
        return side * (side + self.row_ends) + 1


@dataclass(frozen=True, slots=True)
class Tiled:
    """The page whole in a square of `size_px`, and before it in `tile_px` squares, cut from it at full size.

    Pages that fit into one tile have none. Tiles are laid in the grid of 2 to `tiles` whose shape is the
    nearest to the page's.
    """

    name: str
    size_px: int
    tile_px: int
    tiles: int
    row_ends: bool = False

    @property
    def options(self) -> Options:
        """Crops as the processor makes them, and the size of the whole page."""
        return {
            "size": _square(self.size_px),
            "crop_to_patches": True,
            "tile_size": self.tile_px,
            "min_patches": 2,
            "max_patches": self.tiles,
        }

    def grid(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Columns and rows of tiles; (1, 1) is no tiles."""
        if max(width_px, height_px) <= self.tile_px:
            return (1, 1)
        return nearest_grid(width_px, height_px, self.tile_px, self.tiles)

    def vision_tokens(self, width_px: int, height_px: int) -> int:
        """Those of the whole page and of every tile."""
        columns, rows = self.grid(width_px, height_px)
        tiles = columns * rows if columns * rows > 1 else 0
        return tiles * _side(self.tile_px) ** 2 + Square("", self.size_px, self.row_ends).vision_tokens(0, 0)

    def prompt_tokens(self, width_px: int, height_px: int) -> int:
        """Places that the picture takes in the prompt, ends of rows and separator included."""
        if not self.row_ends:
            return self.vision_tokens(width_px, height_px)
        columns, rows = self.grid(width_px, height_px)
        side = _side(self.tile_px)
        tiles = (side * columns + 1) * side * rows if columns * rows > 1 else 0
        return tiles + Square("", self.size_px, row_ends=True).prompt_tokens(0, 0)


@dataclass(frozen=True, slots=True)
class Flexible:
    """The page keeps its shape and is scaled to between `min_px` and `max_px` pixels, in whole `token_px`.

    One token is a square of `token_px`, so the number depends on the page. This is how Qwen-VL sees.
    """

    name: str
    min_px: int
    max_px: int
    token_px: int

    @property
    def options(self) -> Options:
        """The processor calls numbers of pixels edges."""
        return {"size": {"shortest_edge": self.min_px, "longest_edge": self.max_px}}

    def scaled(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Width and height at which the page is seen. Raises EngineError for a page that is all edge."""
        if max(width_px, height_px) > _STRANGEST_SHAPE * min(width_px, height_px):
            raise EngineError(
                f"a page of {width_px} × {height_px} px is longer than {_STRANGEST_SHAPE} times its width",
                hint="this architecture can't see it; cut it, or read with another engine",
            )
        step, area = self.token_px, width_px * height_px
        width, height = (round(side / step) * step for side in (width_px, height_px))
        if width * height > self.max_px:
            shrink = math.sqrt(area / self.max_px)
            width, height = (max(step, math.floor(s / shrink / step) * step) for s in (width_px, height_px))
        elif width * height < self.min_px:
            grow = math.sqrt(self.min_px / area)
            width, height = (math.ceil(s * grow / step) * step for s in (width_px, height_px))
        return width, height

    def vision_tokens(self, width_px: int, height_px: int) -> int:
        """One for each square of `token_px` of the scaled page."""
        width, height = self.scaled(width_px, height_px)
        return width * height // self.token_px**2

    def prompt_tokens(self, width_px: int, height_px: int) -> int:
        """The same: start and end of a picture are words of the prompt."""
        return self.vision_tokens(width_px, height_px)


Mode = Square | Tiled | Flexible
"""What all have: `name`, `options`, `vision_tokens` and `prompt_tokens`."""


def by_name(*modes: Mode) -> dict[str, Mode]:
    """Modes under their names, in the order given."""
    return {mode.name: mode for mode in modes}


def _square(size_px: int) -> dict[str, int]:
    return {"height": size_px, "width": size_px}


def _side(size_px: int) -> int:
    """Tokens along one side of a square picture."""
    return math.ceil(size_px / _PATCH_PX / _DOWNSAMPLED)


def nearest_grid(width_px: int, height_px: int, tile_px: int, tiles: int) -> tuple[int, int]:
    """The grid of 2 to `tiles` tiles, columns and rows, whose shape comes nearest to the page's.

    Of equally near ones the larger, unless the page would fill less than half of it. Both versions choose so.
    """
    shape, area_px = width_px / height_px, width_px * height_px
    sides = range(1, tiles + 1)
    grids = [(columns, rows) for columns in sides for rows in sides if 2 <= columns * rows <= tiles]
    best, least = (1, 1), math.inf
    for columns, rows in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        difference = abs(shape - columns / rows)
        if difference < least:
            best, least = (columns, rows), difference
        elif difference == least and area_px > 0.5 * tile_px**2 * columns * rows:
            best = (columns, rows)
    return best
