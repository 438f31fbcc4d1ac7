"""Measure: read the Examples, extract their fields, and hold both against the labels.

Each Example is one page, read once for candidate and baseline alike. A required field that one doesn't label
isn't judged there: the label is missing, not the value. A page that can't be opened or read
stays in the figures: nothing was said of it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from recto import __version__
from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.datasets.pairs import is_text
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import EvaluationError, RectoError
from recto.evaluation.fields.figures import differences, measured, sums_of
from recto.evaluation.fields.outcomes import Outcome, judged_fields, outcome
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import DatasetInfo
from recto.extraction.extractor import Extractor
from recto.extraction.fields import Extraction
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.texts import PAGE_BREAK, transcripts_of_text
from recto.extraction.values.kind import squashed

Progress = Callable[[int, int], None]
"""Called with (documents done, documents in all)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: Examples with labelled fields, where they come from, and what training saw."""

    examples: Sequence[Example]
    dataset: DatasetInfo
    taught: Sequence[Example] = ()
    """Documents that the extractor may have learnt from: their vendors aren't new."""


@dataclass(slots=True)
class _Side:
    """One extractor, and what came of it so far."""

    extractor: Extractor
    outcomes: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0

    def take(
        self, specs: Sequence[FieldSpec], example: Example, reading: Transcript | PageFailure, *, new: bool
    ) -> None:
        """Extract from the reading, and judge it."""
        schema = self.extractor.schema
        if isinstance(reading, Transcript):
            extraction = self.extractor.extract([reading])
        else:
            extraction = Extraction(schema.name, self.extractor.label, {}, ())
        self.seconds += extraction.seconds
        who = (_name(example), example.group or example.image, new)
        for spec in specs:
            one = outcome(schema, spec, example.fields or {}, extraction, who)
            if one.wanted or not spec.required:
                self.outcomes.append(one)


def measure_fields(
    engine: Engine,
    candidate: Extractor,
    what: Measured,
    *,
    baseline: Extractor | None = None,
    progress: Progress | None = None,
) -> FieldReport:
    """The FieldReport of `candidate`, beside `baseline` if given, on what `engine` reads of the Examples.

    Raises EvaluationError where no Example labels a field of the schema, or the schemas differ.
    """
    schema = candidate.schema
    if baseline is not None and baseline.schema.digest != schema.digest:
        raise EvaluationError(
            f"{candidate.label!r} and {baseline.label!r} look for different schemas",
            hint="compare taggers of the same schema",
        )
    labelled = [example for example in what.examples if example.fields]
    specs = _specs(schema, labelled, what)
    sides = [_Side(extractor) for extractor in (candidate, baseline) if extractor is not None]
    known = vendors(schema, what.taught)
    failed: dict[str, str] = {}
    for place, (example, reading) in enumerate(_readings(engine, labelled), 1):
        if isinstance(reading, PageFailure):
            failed[_name(example)] = reading.error.what
        new = _is_new(vendors(schema, [example]), known)
        for side in sides:
            side.take(specs, example, reading, new=new)
        if progress:
            progress(place, len(labelled))
    return _report(engine, sides, what.dataset, failed)


def vendors(schema: Schema, examples: Sequence[Example]) -> frozenset[str]:
    """The vendors that the Examples' labels name, letters and digits alone."""
    return frozenset(
        squashed(str(value))
        for example in examples
        for name, value in (example.fields or {}).items()
        if (spec := schema.field(name)) is not None and spec.role == "vendor" and value
    )


def _is_new(named: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a document names a vendor, and none that is known; where none is known, nobody can say."""
    return bool(known) and bool(named) and not named & known


def _specs(schema: Schema, labelled: Sequence[Example], what: Measured) -> tuple[FieldSpec, ...]:
    specs = judged_fields(schema, (example.fields or {} for example in labelled))
    if specs:
        return specs
    raise EvaluationError(
        f"nothing to measure: none of {len(what.examples)} documents labels a field of {schema.name!r}",
        where=what.dataset.root or None,
        hint=f"its fields are: {', '.join(spec.name for spec in schema.fields)}",
    )


def _name(example: Example) -> str:
    """The page's own name: pages of one file are judged one by one."""
    return example.image if example.page in (None, 1) else f"{example.image}, page {example.page}"


def _readings(
    engine: Engine, examples: Sequence[Example]
) -> Iterator[tuple[Example, Transcript | PageFailure]]:
    yield from zip(examples, read_pages(engine, map(_open, examples)), strict=True)


def _open(example: Example) -> Page | PageFailure | Transcript:
    """The page; a text is what is read already, and one page."""
    if is_text(example):
        (page,) = transcripts_of_text((example.text or "").replace(PAGE_BREAK, "\n"), example.image)
        return page
    try:
        return open_example(example)
    except RectoError as error:
        return PageFailure(example.image, example.page or 1, error)


def _report(
    engine: Engine, sides: Sequence[_Side], dataset: DatasetInfo, failed: dict[str, str]
) -> FieldReport:
    first = sides[0]
    documents = len({one.document for one in first.outcomes})
    found = [
        measured(side.extractor.label, side.outcomes, side.seconds / max(documents, 1)) for side in sides
    ]
    schema = first.extractor.schema
    return FieldReport(
        recto_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=engine.label,
        schema_name=schema.name,
        schema_digest=schema.digest,
        dataset=dataset,
        documents=documents,
        groups=sums_of(first.outcomes).groups,
        failed=failed,
        candidate=found[0],
        baseline=found[1] if len(found) > 1 else None,
        differences=differences(first.outcomes, sides[1].outcomes) if len(sides) > 1 else {},
    )
