"""Look-alikes: pages that show the same print, saved, scaled or lightened differently.

Two steps. A perceptual hash of 16 × 16 bits (pHash) finds candidates: at most CANDIDATE_BITS of 256 differ.
Receipts of one shop are that close too, so candidates are then compared block by block: a copy agrees
everywhere on the page, while another receipt on the same form disagrees where its numbers stand.
A second *scan* of the same paper is shifted and turned, and isn't found. Measured in docs/datasets.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from recto.documents.page import Image

Bits = NDArray[np.bool_]
"""A perceptual hash: 256 bits."""
Thumb = NDArray[np.uint8]
"""A page made grey, small and square: THUMB_PX × THUMB_PX."""

HASH_SIDE = 16
CANDIDATE_BITS = 16
LIKENESS = 0.70
THUMB_PX = 512
MAX_CANDIDATES = 100_000

_BLOCK_PX = 16
_ROWS_AT_ONCE = 1024
_INK = 0.25
_WORST = 3
_FEWEST_BLOCKS = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """Pages number `one` < `other` look alike; `likeness` is how far their fourth worst block agrees."""

    one: int
    other: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """The pairs found, and how many candidates were left out because there were more than MAX_CANDIDATES."""

    pairs: tuple[Pair, ...]
    left_out: int


def print_of(image: Image) -> Bits:
    """The 256-bit pHash of a page: the signs of its lowest frequencies against their median."""
    grey = PillowImage.fromarray(image).convert("L")
    bits: Bits = np.asarray(imagehash.phash(grey, hash_size=HASH_SIDE).hash, dtype=np.bool_).ravel()
    return bits


def thumb_of(image: Image) -> Thumb:
    """The page for a close comparison: grey, THUMB_PX square, softened so that resampling doesn't count."""
    grey = PillowImage.fromarray(image).convert("L")
    small = grey.resize((THUMB_PX, THUMB_PX), PillowImage.Resampling.BOX)
    return np.asarray(small.filter(ImageFilter.GaussianBlur(1.5)), dtype=np.uint8)


def find_lookalikes(
    prints: Sequence[Bits | None],
    thumb: Callable[[int], Thumb],
    skip: Callable[[int, int], bool] = lambda one, other: False,
) -> Lookalikes:
    """The look-alike pairs among pages; `thumb(i)` gives page i for the close comparison.

    Pairs for which `skip` is true aren't compared. Whether two pages are a pair depends on them alone, so
    adding pages never parts a pair. Distances are matrix products in blocks of rows: 10,000 pages take
    about a second, whatever they look like.
    """
    known = [index for index, bits in enumerate(prints) if bits is not None]
    if not known:
        return Lookalikes((), 0)
    signs = np.stack([np.asarray(prints[index], dtype=np.float32) for index in known]) * 2 - 1
    candidates: list[tuple[int, int]] = []
    left_out = 0
    for row, column in _close(signs):
        one, other = known[row], known[column]
        if skip(one, other):
            continue
        if len(candidates) >= MAX_CANDIDATES:
            left_out += 1
        else:
            candidates.append((one, other))
    pairs = (Pair(one, other, likeness(thumb(one), thumb(other))) for one, other in candidates)
    return Lookalikes(tuple(pair for pair in pairs if pair.likeness >= LIKENESS), left_out)


def likeness(one: Thumb, other: Thumb) -> float:
    """How far two thumbs agree where they agree least: the fourth lowest correlation of inked blocks.

    About 0.75 for copies, at most 0.6 for other documents on the same form; 0 for pages too empty to tell.
    """
    first, second = _blocks(one), _blocks(other)
    spread_one, spread_other = first.std(axis=1), second.std(axis=1)
    inked = np.maximum(spread_one, spread_other) > _INK
    if int(inked.sum()) < _FEWEST_BLOCKS:
        return 0.0
    agreement = (first * second).mean(axis=1) / (spread_one * spread_other + 0.02)
    return float(np.sort(agreement[inked])[_WORST])


def _close(signs: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Index pairs (row < column) of hashes that differ in at most CANDIDATE_BITS."""
    bits = signs.shape[1]
    for start in range(0, len(signs), _ROWS_AT_ONCE):
        product = signs[start : start + _ROWS_AT_ONCE] @ signs[start:].T
        rows, columns = np.nonzero(product >= bits - 2 * CANDIDATE_BITS)
        later = columns > rows
        yield from zip((rows[later] + start).tolist(), (columns[later] + start).tolist(), strict=True)


def _blocks(thumb: Thumb) -> NDArray[np.float32]:
    """The thumb in standard units, cut into blocks of 16 × 16 pixels: blocks × 256, each around 0."""
    grey = thumb.astype(np.float32)
    grey = (grey - grey.mean()) / (grey.std() + 1)
    side = THUMB_PX // _BLOCK_PX
    blocks = grey.reshape(side, _BLOCK_PX, side, _BLOCK_PX).transpose(0, 2, 1, 3).reshape(side * side, -1)
    centred: NDArray[np.float32] = blocks - blocks.mean(axis=1, keepdims=True)
    return centred
