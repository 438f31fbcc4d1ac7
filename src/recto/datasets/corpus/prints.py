"""Prints: the perceptual hashes of all pages in the workspace, to find which of them a new page looks like.

The measure is that of `datasets/lookalikes`; here one page is compared with many, as a corpus grows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.datasets.example import Example
from recto.datasets.lookalikes import CANDIDATE_BITS, LIKENESS, Bits, Thumb, likeness, thumb_of
from recto.datasets.pages import open_example
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow

MOST_CANDIDATES = 50
"""So many of the closest pages are compared block by block; thousands may share one printed form."""

_THUMBS_KEPT = 256
_ONES = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint16)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The documents that a page looks like (hash → likeness), and how many candidates weren't compared."""

    documents: dict[str, float]
    left_out: int


NO_LIKENESS = Resemblance({}, 0)
"""Of a page that can't be compared."""


class Prints:
    """The hashes of a workspace's pages, in order of their rows; `refresh` fetches what is new."""

    def __init__(self, workspace: Workspace) -> None:
        self._last_id = 0
        self._pages: list[tuple[str, int]] = []
        self._packed: NDArray[np.uint8] = np.zeros((0, 32), np.uint8)

        @lru_cache(maxsize=_THUMBS_KEPT)
        def thumb(sha256: str, page: int) -> Thumb:
            blob = blob_path(workspace, sha256)
            return thumb_of(open_example(Example(str(blob), blob, None, "", page=page or None)).image)

        self._thumb = thumb

    def __len__(self) -> int:
        return len(self._pages)

    def refresh(self, session: Session) -> None:
        """Fetch the hashes of pages that were added since."""
        rows = session.execute(
            select(DocumentRow.id, DocumentRow.sha256, DocumentRow.page, DocumentRow.print)
            .where(DocumentRow.id > self._last_id, DocumentRow.print.is_not(None))
            .order_by(DocumentRow.id)
        ).all()
        if not rows:
            return
        self._last_id = rows[-1][0]
        self._pages += [(sha256, page) for _, sha256, page, _ in rows]
        new = np.frombuffer(b"".join(bytes.fromhex(bits) for *_, bits in rows if bits), np.uint8)
        self._packed = np.concatenate([self._packed, new.reshape(-1, 32)])

    def like(self, sha256: str, bits: Bits, thumb: Callable[[], Thumb], start: int = 0) -> Resemblance:
        """What pages number `start` and later a page of another document `sha256` looks like.

        `thumb` gives the page for a close comparison, and is called only where there is a candidate.
        """
        distances = _ONES[self._packed[start:] ^ np.packbits(bits)].sum(axis=1)
        near = [
            int(i) + start for i in np.argsort(distances, kind="stable") if distances[i] <= CANDIDATE_BITS
        ]
        candidates = [self._pages[i] for i in near if self._pages[i][0] != sha256]
        compared = candidates[:MOST_CANDIDATES]
        found: dict[str, float] = {}
        own = thumb() if compared else None
        for other, page in compared:
            assert own is not None
            measured = likeness(own, self._thumb(other, page))
            if measured >= LIKENESS:
                found[other] = max(measured, found.get(other, 0.0))
        return Resemblance(found, len(candidates) - len(compared))


def text_of(bits: Bits) -> str:
    """A hash as the database keeps it: 64 hexadecimal digits."""
    return np.packbits(bits).tobytes().hex()
