"""Case for labels that have none: a source that is upper case throughout must not teach a model to shout.

The base model sees the print, so the case comes from its own reading wherever that agrees with the label
letter for letter; letters in between follow their neighbours. The letters themselves are always the
label's. Which sources are case-blind is said by the dataset (`Example.case`).
"""

from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from recto.datasets.alignment import fold

AGREEMENT = 0.5
"""The share of a label's letters that the reading must have, before it is believed about case."""


@dataclass(frozen=True, slots=True)
class Cased:
    """A label with case: `read` of its letters took theirs from the reading, `guessed` from neighbours."""

    text: str
    read: int
    guessed: int


def transfer_case(label: str, reading: str) -> Cased:
    """The characters of `label`, cased as `reading` says; `label` itself where the two disagree."""
    folded, said = fold(label), fold(reading)
    source = {
        block.a + i: block.b + i
        for block in Levenshtein.editops(folded, said).as_matching_blocks()
        for i in range(block.size)
    }
    lower = {i: reading[j].islower() for i, j in source.items() if _has_case(label[i])}
    letters = sum(_has_case(char) for char in label)
    if len(lower) < AGREEMENT * letters or not lower:
        return Cased(label, 0, 0)
    missing = [i for i, char in enumerate(label) if _has_case(char) and i not in lower]
    guesses = {i: lower[_neighbour(i, label, lower)] for i in missing}
    wanted = lower | guesses
    text = "".join(_as(char, lower=wanted[i]) if i in wanted else char for i, char in enumerate(label))
    return Cased(text, len(lower), len(guesses))


def _as(char: str, *, lower: bool) -> str:
    changed = char.lower() if lower else char.upper()
    return changed if len(changed) == 1 else char


def _has_case(char: str) -> bool:
    return char.lower() != char.upper()


def _neighbour(i: int, label: str, known: dict[int, bool]) -> int:
    """The known letter that most likely shares its case: in the same word first, then the nearest."""

    def distance(j: int) -> tuple[bool, int]:
        return " " in label[min(i, j) : max(i, j)], abs(i - j)

    return min(known, key=distance)
