"""Outcomes: what was wanted of a field in one document, what was said, and what of that is right. Pure.

Only fields that a document labels, or other documents of the set do, are judged: of a field that nobody
labelled nobody knows whether it was there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from recto.datasets.example import JsonValue
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.extraction.fields import Extraction, Found
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.values import kind_of


@dataclass(frozen=True, slots=True)
class Said:
    """One value that was said, how sure the extractor was of it, and whether it is right.

    `right` compares normalised values (dates as dates, amounts as amounts, of texts letters and digits without case);
    `exact` what is printed, letter by letter, white space apart.
    """

    value: str
    confidence: float
    right: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One field in one document: the labelled values, and what was said (nothing, or one; several in lists)."""

    document: str
    group: str
    field: str
    wanted: tuple[str, ...]
    said: tuple[Said, ...]
    is_new_vendor: bool = False

    @property
    def right(self) -> int:
        """How many said values are right."""
        return sum(one.right for one in self.said)

    @property
    def exact(self) -> int:
        """How many said values are right letter by letter."""
        return sum(one.exact for one in self.said)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was wanted was said, and nothing else."""
        return self.right == len(self.wanted) == len(self.said)


def judged_fields(schema: Schema, labels: Iterable[Mapping[str, JsonValue]]) -> tuple[FieldSpec, ...]:
    """The fields of the schema that somebody labelled, in the schema's order."""
    known = {name for fields in labels for name in fields}
    specs = {spec.name for name in known if (spec := schema.field(name)) is not None}
    return tuple(spec for spec in schema.fields if spec.name in specs and spec.kind != "items")


def outcome(
    spec: FieldSpec, fields: Mapping[str, JsonValue], extraction: Extraction, who: tuple[str, str, bool]
) -> Outcome:
    """The Outcome of one field; `who` is the document's name, its group, and whether its vendor is new."""
    wanted = _wanted(spec, fields)
    left = list(wanted)
    said = []
    for found in extraction.fields:
        if found.name.partition("[")[0] == spec.name:
            said.append(_judged(spec, found, left, wanted))
    return Outcome(who[0], who[1], spec.name, tuple(wanted), tuple(said), who[2])


def _judged(spec: FieldSpec, found: Found, left: list[str], wanted: Sequence[str]) -> Said:
    """Each wanted value is found once: who says it twice is wrong once."""
    same = kind_of(spec.kind, role=spec.role, choices=spec.choices).same
    parse = kind_of(spec.kind, role=spec.role, choices=spec.choices).parse
    match = next((value for value in left if same(parse(value) or value, found.value)), None)
    if match is not None:
        left.remove(match)
    exact = match is not None and any(
        _plain(value) in (_plain(found.printed), _plain(found.value)) for value in wanted
    )
    return Said(found.value, found.confidence, match is not None, exact)


def _wanted(spec: FieldSpec, fields: Mapping[str, JsonValue]) -> list[str]:
    """The labelled values of the field, whatever names its labels have; empty ones are none."""
    names = {name for name in fields if _is(spec, name)}
    values: list[str] = []
    for name in sorted(names):
        value = fields[name]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int | float) and str(one).strip():
                values.append(str(one).strip())
    return list(dict.fromkeys(values))


def _is(spec: FieldSpec, name: str) -> bool:
    return Schema("", (spec,), {}, "").field(name) is not None


def _plain(text: str) -> str:
    return squeeze_whitespace(nfc(text))
