"""Measure: read the Examples, extract their fields, and hold both against the labels.

A document that can't be opened or read stays in the figures: nothing was said of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from recto import __version__
from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import EvaluationError, RectoError
from recto.evaluation.fields.outcomes import Outcome, judged_fields, outcome
from recto.evaluation.fields.report import (
    FieldFigures,
    FieldReport,
    FieldResult,
    automation_figures,
    exact_documents,
    figures,
    interval,
    mean_f1_of,
)
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction
from recto.extraction.schema import Schema
from recto.extraction.values.kind import squashed

Progress = Callable[[int, int], None]
"""Called with (documents done, documents in all)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: Examples with labelled fields, where they come from, and what training saw."""

    examples: Sequence[Example]
    dataset: str = ""
    split: str = ""
    taught: Sequence[Example] = ()
    """Documents that the extractor may have learnt from: their vendors aren't new."""


def measure_fields(
    engine: Engine, extractor: Extractor, schema: Schema, what: Measured, progress: Progress | None = None
) -> FieldReport:
    """The FieldReport of `extractor` on what `engine` reads of the Examples.

    Raises EvaluationError where no Example labels a field of the schema.
    """
    labelled = [example for example in what.examples if example.fields]
    specs = judged_fields(schema, (example.fields or {} for example in labelled))
    if not specs:
        raise EvaluationError(
            f"nothing to measure: none of {len(what.examples)} documents labels a field of {schema.name!r}",
            where=what.dataset or None,
            hint=f"its fields are: {', '.join(spec.name for spec in schema.fields)}",
        )
    known = vendors(schema, what.taught)
    outcomes: list[Outcome] = []
    failed = 0
    seconds = 0.0
    for place, (example, reading) in enumerate(_readings(engine, labelled), 1):
        fields = example.fields or {}
        extraction = (
            extractor.extract([reading]) if isinstance(reading, Transcript) else _nothing(schema, extractor)
        )
        failed += not isinstance(reading, Transcript)
        seconds += extraction.seconds
        new = bool(known) and not vendors(schema, [example]) & known
        who = (example.image, example.group or example.image, new)
        outcomes += [outcome(spec, fields, extraction, who) for spec in specs]
        if progress:
            progress(place, len(labelled))
    about = (engine.label, extractor.label, schema.name)
    return _report(about, what, outcomes, failed, seconds / max(len(labelled), 1))


def vendors(schema: Schema, examples: Sequence[Example]) -> frozenset[str]:
    """The vendors that the Examples' labels name, letters and digits alone."""
    return frozenset(
        squashed(str(value))
        for example in examples
        for name, value in (example.fields or {}).items()
        if (spec := schema.field(name)) is not None and spec.role == "vendor" and value
    )


def _readings(
    engine: Engine, examples: Sequence[Example]
) -> Iterator[tuple[Example, Transcript | PageFailure]]:
    yield from zip(examples, read_pages(engine, map(_open, examples)), strict=True)


def _open(example: Example) -> Page | PageFailure:
    try:
        return open_example(example)
    except RectoError as error:
        return PageFailure(example.image, example.page or 1, error)


def _nothing(schema: Schema, extractor: Extractor) -> Extraction:
    return Extraction(schema.name, extractor.label, {}, ())


def _report(
    about: tuple[str, str, str], what: Measured, outcomes: list[Outcome], failed: int, seconds: float
) -> FieldReport:
    new = [one for one in outcomes if one.is_new_vendor]
    low, high = interval(outcomes, mean_f1_of)
    return FieldReport(
        recto_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=about[0],
        extractor=about[1],
        schema_name=about[2],
        dataset=what.dataset,
        split=what.split,
        documents=len({one.document for one in outcomes}),
        failed=failed,
        fields=_by_field(outcomes),
        mean_f1=mean_f1_of(outcomes),
        mean_f1_low=low,
        mean_f1_high=high,
        exact_documents=exact_documents(outcomes),
        all_fields=figures(outcomes),
        automation=automation_figures(outcomes),
        unseen=_by_field(new),
        unseen_mean_f1=mean_f1_of(new) if new else None,
        seconds_per_document=seconds,
        results=[_result(one) for one in outcomes],
    )


def _by_field(outcomes: Sequence[Outcome]) -> dict[str, FieldFigures]:
    names = dict.fromkeys(one.field for one in outcomes)
    return {name: figures([one for one in outcomes if one.field == name]) for name in names}


def _result(one: Outcome) -> FieldResult:
    return FieldResult(
        document=one.document,
        group=one.group,
        field=one.field,
        wanted=list(one.wanted),
        said=[said.value for said in one.said],
        confidence=[round(said.confidence, 4) for said in one.said],
        right=one.right,
        is_new_vendor=one.is_new_vendor,
    )
