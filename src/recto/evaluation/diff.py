"""Diff: truth and reading as one text with marks, ready to be shown. It escapes nothing: templates do."""

from dataclasses import dataclass
from typing import Literal

from recto.evaluation.metrics.alignment import align, readable, squeeze_rows

MAX_CHARACTERS = 12_000
"""Longer texts are cut in the report (never in the figures): nobody reads a diff of a whole book."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text: as it should be, missing in the reading, or superfluous in it."""

    kind: Literal["same", "missing", "superfluous"]
    text: str


def diff(reference: str, text: str, *, case_blind: bool) -> list[Mark]:
    """The marks of one document, in order; case doesn't count where the labels are blind to it."""
    truth, said = squeeze_rows(reference)[:MAX_CHARACTERS], squeeze_rows(text)[:MAX_CHARACTERS]
    marks: list[Mark] = []
    for piece in readable(align(truth, said, case_blind=case_blind)):
        if piece.equal:
            marks.append(Mark("same", piece.said))
            continue
        if piece.wanted:
            marks.append(Mark("missing", _visible(piece.wanted)))
        if piece.said:
            marks.append(Mark("superfluous", _visible(piece.said)))
    return marks


def _visible(text: str) -> str:
    """White space that is wrong by itself must be seen."""
    if not text.strip():
        return text.replace(" ", "␣").replace("\n", "⏎\n")
    return text
