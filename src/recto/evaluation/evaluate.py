"""Evaluate: read the Examples with an Engine, compare with their truth, and say what was measured.

Pages are opened a chunk ahead of the engine and forgotten after their turn (`engines/reading`): memory
doesn't grow with the number of pages.
A page that can't be opened or read is listed with its error and scored as empty text, never dropped.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pydantic import JsonValue

from recto import __version__
from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import EvaluationError, RectoError
from recto.evaluation.machine import describe_machine, peak_memory_mb, reset_peak_memory
from recto.evaluation.report import DatasetInfo, DocumentResult, Report
from recto.evaluation.scoring import by_label, error_sources, headline, score_document, summarise

Progress = Callable[[int, int], None]
"""Called with (documents done, documents in all)."""


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
    Report as they are. Raises EvaluationError where no Example has trusted text, and EngineError where the
    engine doesn't give one Transcript for each page.
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
    readings = read_pages(_Clocked(engine), map(_open, trusted))
    for example, reading in zip(trusted, readings, strict=True):
        results.append(_score(example, reading, engine.label))
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


def _open(example: Example) -> Page | PageFailure:
    try:
        return open_example(example)
    except RectoError as error:
        return PageFailure(example.image, example.page or 1, error)


def _score(example: Example, reading: Transcript | PageFailure, engine: str) -> DocumentResult:
    """The result of one Example; a failed one counts as an empty reading with the reason."""
    if isinstance(reading, Transcript):
        return score_document(example, reading)
    empty = Transcript(
        document=example.image,
        page=example.page or 1,
        width=0,
        height=0,
        text="",
        lines=(),
        engine=engine,
        finish=Finish.TRUNCATED,
    )
    return score_document(example, empty, str(reading.error))


class _Clocked:
    """The Engine with its Transcripts' seconds by the clock of the whole chunk, opening not included.

    The chunk's time is shared as the engine shares its own: one that reads pages at the same time would
    else count its seconds twice.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.label = engine.label
        self.batch_pages = max(engine.batch_pages, 1)  # one after the other, so that seconds are a page's own

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        started = time.perf_counter()
        transcripts = self._engine.read(pages)
        wall_s = time.perf_counter() - started
        claimed = sum(t.seconds for t in transcripts)
        shares = [t.seconds / claimed if claimed else 1 / len(transcripts) for t in transcripts]
        return [replace(t, seconds=wall_s * share) for t, share in zip(transcripts, shares, strict=True)]
