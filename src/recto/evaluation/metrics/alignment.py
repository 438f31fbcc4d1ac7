"""Where a reading differs from the truth, piece by piece: the ground of diffs and of error sources."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

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


def align(reference: str, hypothesis: str, *, case_blind: bool = False) -> list[Piece]:
    """The pieces of two texts as given, in order; a line break and a blank count as equal.

    With `case_blind` so do letters that differ in case only. For each piece both sides are as they stand,
    so that they join to the two texts again.
    """
    truth, said = (_comparable(text, case_blind=case_blind) for text in (reference, hypothesis))
    return [
        Piece(
            equal=code.tag == "equal",
            wanted=reference[code.src_start : code.src_end],
            said=hypothesis[code.dest_start : code.dest_end],
            start=code.src_start,
        )
        for code in Levenshtein.opcodes(truth, said)
    ]


def _comparable(text: str, *, case_blind: bool) -> str:
    """A text of the same length, so that its places are those of the original."""
    text = text.replace("\n", " ")
    if not case_blind:
        return text
    return "".join(folded if len(folded := c.casefold()) == 1 else c for c in text)


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
            pending = _joined(pending, piece)
    if pending:
        yield pending


def readable(pieces: list[Piece], *, shortest_equal: int = 3) -> list[Piece]:
    """The pieces for people: what is equal for fewer than `shortest_equal` characters between two
    differences joins them, because confetti can't be read."""
    out: list[Piece] = []
    for i, piece in enumerate(pieces):
        between = 0 < i < len(pieces) - 1
        different = not piece.equal or (between and len(piece.wanted) < shortest_equal)
        if not different:
            out.append(piece)
        elif out and not out[-1].equal:
            out.append(_joined(out.pop(), piece))
        else:
            out.append(replace(piece, equal=False))
    return [replace(p, equal=True) if p.wanted == p.said else p for p in out]


def _joined(first: Piece, second: Piece) -> Piece:
    return Piece(
        equal=False, wanted=first.wanted + second.wanted, said=first.said + second.said, start=first.start
    )
