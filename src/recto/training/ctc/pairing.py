"""Pairing: which labelled lines stand inside which detected line, so that training sees what reading sees.

A detector cuts a page otherwise than people do: it joins "DATE" and ":" into one line, widens boxes, and
finds logos that nobody labelled. Each detected line is paired with the labels that it covers; one that
covers no label at all says that nothing is to be read there; one that cuts a label apart teaches nothing.
Pure geometry; nothing is opened or read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.documents.transcript import Box, Line

COVERED = 0.75  # of a label's area: it stands inside the detected line
TOUCHED = 0.15  # of a label's area, or of the detected line's: less than this is no contact at all
SAME_ROW = 0.5  # of the smaller height: how far apart the centres of labels in one detected line may be


@dataclass(frozen=True, slots=True)
class Pairing:
    """`labels` has for each detected box what it says: a text, "" for nothing, None where it can't be told.

    `missed` are the labelled lines that no detected box covers.
    """

    labels: tuple[str | None, ...]
    missed: tuple[Line, ...]


def pair(detected: Sequence[Box], lines: Sequence[Line]) -> Pairing:
    """Pair the boxes of detected lines with labelled lines of the same page (both in page pixels)."""
    inside: list[list[Line]] = [[] for _ in detected]
    touched = [False] * len(detected)
    missed = []
    for line in lines:
        shares = [_overlap(box, line.box) / max(_area(line.box), 1e-9) for box in detected]
        best = max(range(len(detected)), key=shares.__getitem__, default=-1)
        if best >= 0 and shares[best] >= COVERED:
            inside[best].append(line)
        else:
            missed.append(line)
        for index, (share, box) in enumerate(zip(shares, detected, strict=True)):
            of_box = share * _area(line.box) / max(_area(box), 1e-9)
            if (index != best or shares[best] < COVERED) and max(share, of_box) >= TOUCHED:
                touched[index] = True
    labels = [_label(found, cut) for found, cut in zip(inside, touched, strict=True)]
    return Pairing(tuple(labels), tuple(missed))


def _label(inside: Sequence[Line], cut: bool) -> str | None:  # noqa: FBT001
    """What a detected line says, from the labels inside it and whether it cuts others."""
    if cut:
        return None
    if len(inside) > 1 and not _one_row(inside):
        return None
    return " ".join(line.text for line in sorted(inside, key=lambda line: line.box[0]))


def _one_row(lines: Sequence[Line]) -> bool:
    centres = [(line.box[1] + line.box[3]) / 2 for line in lines]
    return max(centres) - min(centres) < SAME_ROW * min(line.box[3] - line.box[1] for line in lines)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
