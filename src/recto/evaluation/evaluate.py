"""Evaluate: read the Examples with an Engine, compare with their truth, and say what was measured.

Pages are opened when their turn comes and forgotten after it: memory doesn't grow with the number of pages.
A page that can't be opened or read is listed with its error and scored as empty text, never dropped.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pydantic import JsonValue

from recto import __version__
from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.engine import Engine
from recto.errors import EvaluationError, RectoError
from recto.evaluation.machine import describe_machine, peak_memory_mb, reset_peak_memory
from recto.evaluation.report import DatasetInfo, DocumentResult, Report
from recto.evaluation.scoring import by_label, error_sources, headline, score_document, summarise

Progress = Callable[[int, int], None]
"""Called with (documents done, documents in all)."""


@dataclass(frozen=True, slots=True)
class _Reading:
    transcript: Transcript
    failure: str | None = None


def evaluate(
    engine: Engine,
    examples: Sequence[Example],
    *,
    dataset: DatasetInfo | None = None,
    settings: Mapping[str, JsonValue] | None = None,
    progress: Progress | None = None,
) -> Report:
    """The Report of `engine` on `examples`; those without trusted text are skipped and counted.

    `dataset` says where the Examples come from, `settings` what the engine was told; both go into the
    Report as they are. Raises EvaluationError where no Example has trusted text.
    """
    trusted = [example for example in examples if example.text is not None]
    if not trusted:
        raise EvaluationError(
            f"nothing to measure: none of {len(examples)} documents has trusted text",
            where=dataset.root if dataset else None,
            hint="give them a `text`; `text_unverified` is never taken for the truth",
        )
    reset_peak_memory()
    results: list[DocumentResult] = []
    for example, reading in _read(engine, trusted):
        results.append(score_document(example, reading.transcript, reading.failure))
        if progress:
            progress(len(results), len(trusted))
    info = dataset or DatasetInfo(root="", split="", fingerprint="")
    counts = {"measured": len(trusted), "skipped_without_truth": len(examples) - len(trusted)}
    return Report(
        recto_version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        engine=engine.label,
        settings=dict(settings or {}),
        dataset=info.model_copy(update=counts),
        machine=describe_machine(),
        headline=headline(results),
        metrics=summarise(results, peak_memory_mb()),
        by_category=by_label(results, "category"),
        by_business=by_label(results, "business"),
        errors=error_sources(results),
        documents=results,
    )


def _read(engine: Engine, examples: Sequence[Example]) -> Iterator[tuple[Example, _Reading]]:
    """Every Example with its reading, in order, opened in portions of what the engine likes at once."""
    size = max(engine.batch_pages, 1)
    for start in range(0, len(examples), size):
        portion = examples[start : start + size]
        opened = [_open(example) for example in portion]
        pages = [page for page in opened if isinstance(page, Page)]
        readings = iter(_read_portion(engine, pages))
        for example, page in zip(portion, opened, strict=True):
            if isinstance(page, Page):
                yield example, next(readings)
            else:
                yield example, _failed(engine, example.image, example.page or 1, page)


def _open(example: Example) -> Page | RectoError:
    try:
        return open_example(example)
    except RectoError as error:
        return error


def _failed(engine: Engine, document: str, page: int, error: RectoError) -> _Reading:
    """An empty reading with the reason."""
    empty = Transcript(
        document=document,
        page=page,
        width=0,
        height=0,
        text="",
        lines=(),
        engine=engine.label,
        finish=Finish.TRUNCATED,
    )
    return _Reading(empty, str(error))


def _read_portion(engine: Engine, pages: list[Page]) -> list[_Reading]:
    """One reading per page; when a portion fails, each page is read alone to find the one at fault."""
    if not pages:
        return []
    started = time.perf_counter()
    try:
        transcripts = engine.read(pages)
    except RectoError as error:
        if len(pages) > 1:
            return [reading for page in pages for reading in _read_portion(engine, [page])]
        return [_failed(engine, pages[0].document, pages[0].number, error)]
    return [_Reading(t) for t in _timed(transcripts, time.perf_counter() - started)]


def _timed(transcripts: Sequence[Transcript], wall_s: float) -> list[Transcript]:
    """The transcripts with the clock's time of the whole portion, shared as the engine shares its own.

    An engine that reads pages at the same time would else count its seconds twice.
    """
    claimed = sum(t.seconds for t in transcripts)
    shares = [t.seconds / claimed if claimed else 1 / len(transcripts) for t in transcripts]
    return [replace(t, seconds=wall_s * share) for t, share in zip(transcripts, shares, strict=True)]
