"""Kinship: which Examples belong together, because they share a document, a group, or look alike.

Kin must stand on one side of a split: `datasets/splitting` sees to it, `datasets/leakage` checks it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from recto.datasets.lookalikes import Lookalikes, Thumb, find_lookalikes, thumb_of
from recto.datasets.pages import open_example
from recto.datasets.scanning import Scan

THUMBS_KEPT = 256


@dataclass(frozen=True, slots=True)
class Tie:
    """Examples number `one` and `other` belong together, and `why`."""

    one: int
    other: int
    why: str


def ties(scans: Sequence[Scan], lookalikes: Lookalikes | None = None) -> list[Tie]:
    """Every tie among the scanned Examples: each is tied to the first of its document and of its group."""
    out: list[Tie] = []
    first: dict[str, int] = {}
    for index, scan in enumerate(scans):
        keys = {f"document {scan.sha256}": "the same document"} if scan.sha256 else {}
        if scan.example.group:
            keys[f"group {scan.example.group}"] = f"group {scan.example.group}"
        for key, why in keys.items():
            if (earlier := first.setdefault(key, index)) != index:
                out.append(Tie(earlier, index, why))
    pairs = () if lookalikes is None else lookalikes.pairs
    return out + [Tie(pair.one, pair.other, f"look alike ({pair.likeness:.2f})") for pair in pairs]


def families(count: int, tied: Sequence[Tie]) -> list[list[int]]:
    """The connected families of `count` Examples, each sorted, in order of their first member."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for tie in tied:
        one, other = sorted((root(tie.one), root(tie.other)))
        parent[other] = one
    out: dict[int, list[int]] = {}
    for index in range(count):
        out.setdefault(root(index), []).append(index)
    return list(out.values())


def lookalikes_among(scans: Sequence[Scan]) -> Lookalikes:
    """Look-alike pages of different documents; pages are opened again where two hashes are close."""

    @lru_cache(maxsize=THUMBS_KEPT)
    def thumb(index: int) -> Thumb:
        return thumb_of(open_example(scans[index].example).image)

    def one_document(one: int, other: int) -> bool:
        return scans[one].sha256 == scans[other].sha256

    return find_lookalikes([scan.print for scan in scans], thumb, one_document)
