"""Grounding: what a language model said, looked for in the Transcript: only what stands there is a value.

Amounts, dates, numbers and ids are compared as values ("9,00" is "9.00"), texts by their letters and digits.
Of several equal places the likeliest counts, by the labels around it (`patterns`); those of a list are taken
one after the other. What isn't found is told as ungrounded.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from recto.extraction.candidates import Candidate, candidates, key_of
from recto.extraction.fields import Found
from recto.extraction.habits import habits_of
from recto.extraction.leaves import Leaf
from recto.extraction.naming import spec_of, split
from recto.extraction.patterns import Patterns, standing
from recto.extraction.running import Place, RunningText
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.sheet import Sheet
from recto.extraction.values import ROLES, kind_of
from recto.extraction.values.kind import Kind, squashed

_BY_LETTERS = ("text", "id", "enum")


class Ground:
    """One document, in which values are looked for."""

    def __init__(self, schema: Schema, sheet: Sheet) -> None:
        self._schema, self._sheet = schema, sheet
        self._patterns = Patterns(schema)
        self._habits = habits_of(sheet)
        self._running = RunningText(sheet)
        self._kinds: dict[tuple[str, str, tuple[str, ...]], tuple[Candidate, ...]] = {}
        self._taken: dict[str, set[Place]] = defaultdict(set)

    def found(self, leaf: Leaf, confidence: float) -> Found | None:
        """The value of a leaf, or the same as ungrounded; None where the schema has no such field.

        An empty text is nothing, too.
        """
        spec = spec_of(leaf.name, self._schema)
        if spec is None or not squashed(leaf.said):
            return None
        kind = kind_of(spec.kind, role=spec.role, choices=spec.choices, order=self._habits.order)
        place = self._place(leaf, spec, kind)
        if place is None:
            value = kind.parse(leaf.said) or leaf.said
            return Found(leaf.name, value, "", confidence, page=1, box=None, grounded=False)
        return Found(
            name=leaf.name,
            value=place.value,
            printed=place.printed,
            confidence=confidence * place.confidence,
            page=place.first.page,
            box=place.box,
            currency=place.currency,
        )

    def _place(self, leaf: Leaf, spec: FieldSpec, kind: Kind) -> Candidate | None:
        if spec.kind == "text":
            return self._text(leaf)
        same = self._equal(spec, kind, leaf.said)
        if same:
            return self._chosen(leaf.name, spec, same)
        if spec.kind not in _BY_LETTERS:
            return None
        found = self._running.find(leaf.said)
        value = kind.parse(found.printed) if found else None
        return replace(found, value=value) if found and value else None

    def _text(self, leaf: Leaf) -> Candidate | None:
        """The first place of a text; within a list the first that none before has taken."""
        column = _column(leaf.name)
        if not column:
            return self._running.find(leaf.said)
        found = self._running.find(leaf.said, self._taken[column]) or self._running.find(leaf.said)
        if found:
            self._taken[column].add(_at(found))
        return found

    def _equal(self, spec: FieldSpec, kind: Kind, said: str) -> list[Candidate]:
        """The candidates that have this value, however it is written."""
        value = kind.parse(said)
        if value is None:
            return []
        if spec.kind in ("id", "enum"):
            key = key_of(spec.kind, value)
            return [one for one in self._candidates(spec) if one.key == key]
        return [one for one in self._candidates(spec) if kind.same(one.value, value)]

    def _candidates(self, spec: FieldSpec) -> tuple[Candidate, ...]:
        key = (spec.kind, spec.role if spec.role in ROLES else "", spec.choices)
        if key not in self._kinds:
            self._kinds[key] = candidates(self._sheet, spec, self._habits)
        return self._kinds[key]

    def _chosen(self, name: str, spec: FieldSpec, same: Sequence[Candidate]) -> Candidate:
        column = _column(name)
        if not column:
            scores = self._patterns.scores(spec, standing(self._sheet, same))
            return same[int(scores.argmax())]
        free = [one for one in same if _at(one) not in self._taken[column]]
        chosen = (free or same)[0]
        self._taken[column].add(_at(chosen))
        return chosen


def _column(name: str) -> str:
    """What values of one list have in common: "items[].amount"; "" for what stands in none."""
    listed, index, within = split(name)
    return "" if index is None else f"{listed}[].{within}"


def _at(candidate: Candidate) -> Place:
    return candidate.first.row, candidate.first.box[0], len(candidate.before)
