"""Where a reading differs from the truth, piece by piece: the ground of diffs, error sources and confusions."""

from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from recto.documents.normalise import nfc


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of both texts: equal, or `wanted` (truth) where `said` (reading) stands; either may be empty.

    `start` is where `wanted` begins in the reference.
    """

    equal: bool
    wanted: str
    said: str
    start: int


def squeeze_rows(text: str) -> str:
    """NFC, with each run of white space as one line break if it holds one, else as one blank."""
    rows = (" ".join(row.split()) for row in nfc(text).splitlines())
    return "\n".join(row for row in rows if row)


def align(reference: str, hypothesis: str) -> list[Piece]:
    """The pieces of two texts as given, in order; a line break and a blank count as equal.

    For each piece both sides are as they stand, so that they join to the two texts again.
    """
    codes = Levenshtein.opcodes(reference.replace("\n", " "), hypothesis.replace("\n", " "))
    return [
        Piece(
            c.tag == "equal",
            reference[c.src_start : c.src_end],
            hypothesis[c.dest_start : c.dest_end],
            c.src_start,
        )
        for c in codes
    ]


def differences(pieces: list[Piece]) -> Iterator[Piece]:
    """Neighbouring differences joined, so that "rn" read as "m" is one piece and not two."""
    pending: Piece | None = None
    for piece in pieces:
        if piece.equal:
            if pending:
                yield pending
            pending = None
        elif pending is None:
            pending = piece
        else:
            pending = Piece(False, pending.wanted + piece.wanted, pending.said + piece.said, pending.start)
    if pending:
        yield pending


def readable(pieces: list[Piece], *, shortest_equal: int = 3) -> list[Piece]:
    """The pieces for people: what is equal for fewer than `shortest_equal` characters between two
    differences joins them, because confetti can't be read."""
    out: list[Piece] = []
    for i, piece in enumerate(pieces):
        between = 0 < i < len(pieces) - 1
        equal = piece.equal and not (between and len(piece.wanted) < shortest_equal)
        if out and not equal and not out[-1].equal:
            last = out.pop()
            piece = Piece(False, last.wanted + piece.wanted, last.said + piece.said, last.start)
        out.append(Piece(equal, piece.wanted, piece.said, piece.start))
    return [Piece(p.equal or p.wanted == p.said, p.wanted, p.said, p.start) for p in out]
