"""Tagger: the fields of a document by ranking candidates: the default on a CPU.

Without training it goes by the schema's labels and by rules; what training adds is in the rankers. It never
says what doesn't stand on the page. Fitting is in `training/tagging`, files are in `tagger_folder`.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from recto.documents.transcript import Transcript
from recto.extraction.assembly import assemble
from recto.extraction.candidates import Candidate, candidates
from recto.extraction.features import Indices, features
from recto.extraction.fields import Extraction, Found
from recto.extraction.habits import Habits, habits_of
from recto.extraction.items.lines import Items
from recto.extraction.patterns import Patterns, Seen, standing
from recto.extraction.ranker import Choice, Ranker, Scores, choices
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.sheet import Sheet, sheet_of
from recto.extraction.values.dates import Order

UNTRAINED = Ranker()
AT_LEAST = 0.3
"""A value that is less likely isn't said. Near twins (an address with and without its last line) share their
chances, so that a half would be too strict."""


@dataclass(frozen=True, slots=True, eq=False)
class Tagger:
    """Reads the fields of `schema`; `rankers` by field name, for those that were trained."""

    schema: Schema
    rankers: Mapping[str, Ranker] = field(default_factory=dict)
    label: str = "tagger, not trained"
    order: Order | None = None
    """The order of day and month that it has learnt; a document that shows its own has that."""
    _patterns: Patterns = field(init=False, repr=False)
    _items: tuple[Items, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", Patterns(self.schema))
        lists = (spec for spec in self.schema.fields if spec.kind == "items")
        object.__setattr__(self, "_items", tuple(map(Items, lists)))

    def extract(self, transcripts: Sequence[Transcript]) -> Extraction:
        """The fields that stand on the pages of one document, with how sure each is, and where."""
        began = time.perf_counter()
        sheet = sheet_of(transcripts)
        view = View(sheet, self._patterns, self.order)
        found: list[Found] = []
        for spec in self.schema.fields:
            if spec.kind != "items":
                found += self._found(view, spec)
        for items in self._items:
            lines = items.found(sheet, self._bill(found), view.habits)
            found += [one for one in lines if one.confidence >= AT_LEAST]
        seconds = time.perf_counter() - began
        return assemble(self.schema, found, extractor=self.label, seconds=seconds)

    def _bill(self, found: Sequence[Found]) -> dict[str, Decimal]:
        """The amounts that were found, by role."""
        roles = {spec.name: spec.role for spec in self.schema.fields if spec.kind == "money"}
        return {roles[one.name]: Decimal(one.value) for one in found if one.name in roles}

    def _found(self, view: "View", spec: FieldSpec) -> list[Found]:
        ranker = self.rankers.get(spec.name, UNTRAINED)
        likely = [choice for choice in view.ranked(spec, ranker) if choice.chance >= AT_LEAST]
        if not spec.many:
            return [_said(spec.name, choice, ranker) for choice in likely[:1]]
        in_order = sorted(
            likely, key=lambda choice: (choice.candidate.first.row, choice.candidate.first.box[0])
        )
        return [_said(f"{spec.name}[{place}]", choice, ranker) for place, choice in enumerate(in_order)]


def _said(name: str, choice: Choice, ranker: Ranker) -> Found:
    candidate = choice.candidate
    return Found(
        name=name,
        value=choice.value,
        printed=candidate.printed,
        confidence=ranker.calibration.of(choice.chance, candidate.confidence, known=choice.is_known),
        page=candidate.first.page,
        box=candidate.box,
        currency=candidate.currency,
    )


@dataclass(slots=True, eq=False)
class View:
    """One document as rankers see it; fields of one kind share their candidates and features."""

    sheet: Sheet
    _patterns: Patterns
    order: Order | None = None
    """What is known of documents like it."""
    _kinds: dict[object, "_Kind"] = field(default_factory=dict)
    _habits: Habits | None = None

    @property
    def habits(self) -> Habits:
        """How dates and $ are meant in it."""
        if self._habits is None:
            self._habits = habits_of(self.sheet, self.order)
        return self._habits

    def candidates(self, spec: FieldSpec) -> tuple[Candidate, ...]:
        """Everything that could be the field's value."""
        return self._kind(spec).found

    def features(self, spec: FieldSpec) -> list[Indices]:
        """The features of each candidate."""
        return self._kind(spec).features

    def patterns(self, spec: FieldSpec) -> Scores:
        """What the patterns say of each candidate."""
        return self._patterns.scores(spec, self._kind(spec).seen)

    def ranked(self, spec: FieldSpec, ranker: Ranker) -> list[Choice]:
        """The values that the field may have, the likeliest first.

        Features cost most of the time: they are found for a ranker with weights alone.
        """
        learnt = self.features(spec) if ranker.has_weights else None
        return choices(self.candidates(spec), ranker.scores(learnt, self.patterns(spec)), ranker.known)

    def _kind(self, spec: FieldSpec) -> "_Kind":
        key = (spec.kind, spec.role if spec.kind == "id" else "", spec.choices)
        if key not in self._kinds:
            self._kinds[key] = _Kind(self.sheet, candidates(self.sheet, spec, self.habits))
        return self._kinds[key]


class _Kind:
    """All candidates of one kind in a document; what is looked at of them is found when it is asked for."""

    def __init__(self, sheet: Sheet, found: tuple[Candidate, ...]) -> None:
        self._sheet, self.found = sheet, found

    @cached_property
    def features(self) -> list[Indices]:
        return features(self._sheet, self.found)

    @cached_property
    def seen(self) -> list[Seen]:
        return standing(self._sheet, self.found)
