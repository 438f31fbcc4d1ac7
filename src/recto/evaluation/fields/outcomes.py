"""Outcomes: what was wanted of a field in one document, what was said, and what of that is right. Pure.

Only fields that a document labels, or other documents of the set do, are judged: of a field that nobody
labelled nobody knows whether it was there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recto.datasets.example import JsonValue
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.extraction.fields import Extraction, Found
from recto.extraction.naming import split
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.values import kind_of
from recto.extraction.values.kind import Kind
from recto.extraction.written import written


@dataclass(frozen=True, slots=True)
class Said:
    """One value that was said, how sure the extractor was of it, and whether it is right.

    `right` compares normalised values (dates as dates, amounts as amounts, of texts letters and digits
    without case); `exact` says that the label is what is printed, or the normalised value, letter by letter
    but for white space.
    """

    value: str
    confidence: float
    right: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One field in one document: the labelled values, and what was said (several in lists)."""

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
    schema: Schema,
    spec: FieldSpec,
    fields: Mapping[str, JsonValue],
    extraction: Extraction,
    who: tuple[str, str, bool],
) -> Outcome:
    """The Outcome of one field; `who` is the document's name, its group, and whether its vendor is new."""
    wanted = _wanted(schema, spec, fields)
    left = list(wanted)
    said = [_judged(found, left, spec) for found in extraction.fields if split(found.name)[0] == spec.name]
    return Outcome(who[0], who[1], spec.name, wanted, tuple(said), who[2])


def _judged(found: Found, left: list[str], spec: FieldSpec) -> Said:
    """Each wanted value is found once, and leaves `left`: who says it twice is wrong once."""
    match = next((value for value in left if _says(spec, value, found)), None)
    if match is None:
        return Said(found.value, found.confidence, right=False, exact=False)
    left.remove(match)
    exact = _plain(match) in (_plain(found.printed), _plain(found.value))
    return Said(found.value, found.confidence, right=True, exact=exact)


def _wanted(schema: Schema, spec: FieldSpec, fields: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The labelled values of the field, whatever names its labels have, each once; empty ones are none."""
    kind = kind_of(spec.kind, role=spec.role, choices=spec.choices)
    values: list[str] = []
    for name, given in fields.items():
        found = schema.field(name)
        if found is None or found.name != spec.name:
            continue
        for one in given if isinstance(given, list) else [given]:
            text = written(one)
            if text and not any(_same(kind, value, _parsed(kind, text)) for value in values):
                values.append(text)
    return tuple(values)


def _says(spec: FieldSpec, label: str, found: Found) -> bool:
    """Whether the label is the value; of dates also whether it is what is printed, in whatever order."""
    kind = kind_of(spec.kind, role=spec.role, choices=spec.choices)
    is_printed = spec.kind == "date" and _plain(label) == _plain(found.printed)
    return is_printed or _same(kind, label, found.value)


def _same(kind: Kind, label: str, value: str) -> bool:
    return kind.same(_parsed(kind, label), value)


def _parsed(kind: Kind, label: str) -> str:
    """The label normalised; as it stands where it is none of the kind, and then nothing is right but that."""
    return kind.parse(label) or label


def _plain(text: str) -> str:
    return squeeze_whitespace(nfc(text))
