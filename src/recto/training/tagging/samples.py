"""Samples of a tagger: the candidates of each training document, and which of them are the labelled value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from recto.datasets.example import JsonValue
from recto.documents.transcript import Transcript
from recto.extraction.candidates import Candidate, key_of
from recto.extraction.features import Indices
from recto.extraction.habits import most_common, order_shown
from recto.extraction.patterns import Patterns
from recto.extraction.ranker import Scores
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.sheet import sheet_of
from recto.extraction.tagger import View
from recto.extraction.values import kind_of
from recto.extraction.values.dates import ORDERS, Order, find_dates, parse_date
from recto.extraction.written import written

_NEARLY = 85.0
"""The candidate most like the label (percent) stands for it where no reading is exactly it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One document: what was read on its pages, and the values that people say it has, by field name."""

    document: str
    transcripts: Sequence[Transcript]
    fields: Mapping[str, JsonValue]
    group: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The candidates of one field in one document: features, the patterns' points, which are right.

    `right` is True at each candidate that has a labelled value; nowhere where none has, or there is none.
    `wanted` are the keys of the labelled values, `spelt` how people write them.
    """

    found: tuple[Candidate, ...]
    features: list[Indices]
    patterns: Scores
    right: NDArray[np.bool_]
    wanted: frozenset[str]
    spelt: Mapping[str, str]
    group: str


def order_of(schema: Schema, documents: Sequence[Labelled]) -> Order | None:
    """The order of day and month in these documents, as their labels tell; None where they don't.

    A label of figures may tell it by itself (12/31/2019); one in ISO form does where a date on the pages is
    it in one order alone.
    """
    return most_common(order for one in documents for order in _orders(schema, one))


def _orders(schema: Schema, document: Labelled) -> Iterator[Order | None]:
    text = "\n".join(line.text for transcript in document.transcripts for line in transcript.lines)
    for name, value in document.fields.items():
        spec = schema.field(name)
        if spec is None or spec.kind != "date" or not isinstance(value, str):
            continue
        yield order_shown(value)
        if parse_date(value, "dmy") == parse_date(value, "mdy") == value:
            fits = [order for order in ORDERS if any(at.value == value for at in find_dates(text, order))]
            yield fits[0] if len(fits) == 1 else None


def samples_of(
    schema: Schema, documents: Sequence[Labelled], order: Order | None = None
) -> dict[str, list[Sample]]:
    """The samples of each field that some of the documents label; `order` is what is known of their dates.

    A document without the field counts as one that hasn't it where it has labels of others of the schema;
    but of a required field, which every such document has, a missing label says nothing.
    """
    out: dict[str, list[Sample]] = {}
    patterns = Patterns(schema)
    for document in documents:
        view = View(sheet_of(document.transcripts), patterns, order)
        labels = labels_of(schema, document.fields, view.habits.order)
        for spec in schema.fields if labels else ():
            if spec.kind == "items" or (spec.required and spec.name not in labels):
                continue
            out.setdefault(spec.name, []).append(
                _sample(view, spec, labels.get(spec.name, {}), document.group)
            )
    return {name: samples for name, samples in out.items() if any(sample.wanted for sample in samples)}


def labels_of(
    schema: Schema, fields: Mapping[str, JsonValue], order: Order = "dmy"
) -> dict[str, dict[str, str]]:
    """Field name → key → value as it was written, of those labels that the schema knows and can read."""
    out: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        spec = schema.field(name)
        if spec is None or spec.kind == "items":
            continue
        kind = kind_of(spec.kind, role=spec.role, choices=spec.choices, order=order)
        for one in value if isinstance(value, list) else [value]:
            text = written(one)
            parsed = kind.parse(text)
            if parsed is not None:
                out.setdefault(spec.name, {})[key_of(spec.kind, parsed)] = " ".join(text.split())
    return out


def _sample(view: View, spec: FieldSpec, labels: Mapping[str, str], group: str) -> Sample:
    found = view.candidates(spec)
    right = np.array([candidate.key in labels for candidate in found], bool)
    for label in labels if spec.kind == "text" else ():
        if not any(candidate.key == label for candidate in found):
            _mark_nearest(found, label, right)
    return Sample(found, view.features(spec), view.patterns(spec), right, frozenset(labels), labels, group)


def _mark_nearest(found: Sequence[Candidate], label: str, right: NDArray[np.bool_]) -> None:
    likeness = [fuzz.ratio(candidate.key, label) for candidate in found]
    best = max(likeness, default=0.0)
    if best >= _NEARLY:
        right[likeness.index(best)] = True
