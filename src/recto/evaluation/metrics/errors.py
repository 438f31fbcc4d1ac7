"""Where errors come from: kinds of edits, and which characters are taken for which.

The edits are those of `cer`: their sum over all kinds is its numerator. Documents whose labels are blind to
case are counted as `cer_casefold` does, because nearly every letter would be an error otherwise.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from recto.documents.normalise import casefold
from recto.evaluation.metrics.alignment import Piece, align, differences, squeeze_rows

KINDS: dict[str, str] = {
    "case": "Only the case differs (a for A)",
    "wrong_character": "A wrong character for a right one",
    "missing_blank": "A missing blank: two words run together",
    "superfluous_blank": "A superfluous blank: a word torn apart",
    "missing_short": "1–3 characters missing",
    "superfluous_short": "1–3 characters too many",
    "missing_piece": "A piece of 4 characters or more is missing, or stands elsewhere",
    "superfluous_piece": "A piece of 4 characters or more is superfluous, or belongs elsewhere",
}
"""Kind → its sentence; every edit has exactly one kind."""

_SHORT = 3
_STRETCH = 8  # what is wrong for longer is another text, where pairs of characters mean nothing
_CONTEXT = 14


@dataclass
class ErrorTally:
    """Adds up the errors of many documents; `seen` counts truth and reading of each confusion.

    `edits` has a count of edited characters per kind, `contexts` one real place for each confusion.
    """

    edits: Counter[str] = field(default_factory=Counter)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    contexts: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def add(self, reference: str, hypothesis: str, *, case_blind: bool) -> None:
        """Count one document. With `case_blind` labels, case alone is no error."""
        truth = squeeze_rows(reference)
        pieces = align(truth, squeeze_rows(hypothesis), case_blind=case_blind)
        for piece in pieces:
            if not piece.equal:
                self.edits.update(dict(_kinds(piece)))
        for piece in differences(pieces):
            for wanted, said, start in _confusions(piece):
                self._confuse((wanted, said), truth, start)

    def _confuse(self, pair: tuple[str, str], truth: str, start: int) -> None:
        self.seen[pair] += 1
        if pair not in self.contexts:
            end = start + len(pair[0])
            before, after = truth[max(0, start - _CONTEXT) : start], truth[end : end + _CONTEXT]
            self.contexts[pair] = (before.replace("\n", " "), after.replace("\n", " "))


def _kinds(piece: Piece) -> Iterable[tuple[str, int]]:
    """How many edits of which kinds one unjoined piece holds."""
    wanted, said = piece.wanted, piece.said
    if wanted and said:  # rapidfuzz's replacements have equal lengths
        case = sum(casefold(a) == casefold(b) for a, b in zip(wanted, said, strict=True))
        return [("case", case), ("wrong_character", len(wanted) - case)]
    text, word = (wanted, "missing") if wanted else (said, "superfluous")
    if text.isspace():
        return [(f"{word}_blank", len(text))]
    return [(f"{word}_{'short' if len(text) <= _SHORT else 'piece'}", len(text))]


def _confusions(piece: Piece) -> Iterable[tuple[str, str, int]]:
    """Truth, reading and place of each confusion in a joined piece; long missing pieces are none."""
    wanted, said = piece.wanted.replace("\n", " "), piece.said.replace("\n", " ")
    if len(wanted) <= _SHORT and len(said) <= _SHORT and len(wanted) != len(said):
        return [(wanted, said, piece.start)]
    if len(wanted) == len(said) <= _STRETCH:
        return [(a, b, piece.start + i) for i, (a, b) in enumerate(zip(wanted, said, strict=True)) if a != b]
    return []
