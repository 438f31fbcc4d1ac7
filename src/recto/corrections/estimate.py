"""Estimate: how well a model reads what comes in, told by the pages that were drawn at random alone.

Pages of the queue's other stream were chosen because they are doubtful: by them every model looks bad.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from sqlalchemy import select

from recto.evaluation.metrics.edits import cer
from recto.evaluation.metrics.ratio import Ratio, total
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow

CONFIDENCE = 0.95
ROUNDS = 2000
SEED = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """The error rate (CER) of what `release` (None: base weights) of `engine` reads, over `pages`.

    `low` and `high` are the ends of its interval at CONFIDENCE, drawn over pages; None for fewer than two.
    """

    engine: str
    release: str | None
    pages: int
    cer: float
    low: float | None
    high: float | None


def estimates(workspace: Workspace) -> tuple[Estimate, ...]:
    """One for each Release whose readings at random were corrected or accepted, the newest reading last."""
    drawn = select(CorrectionRow.document_id).where(CorrectionRow.stream == "random")
    query = (
        select(CorrectionRow)
        .where(CorrectionRow.kind == "transcript", CorrectionRow.before.is_not(None))
        .where(CorrectionRow.document_id.in_(drawn))
        .order_by(CorrectionRow.id)
    )
    first: dict[int, CorrectionRow] = {}
    last: dict[int, str | None] = {}
    with workspace.read() as session:
        for row in session.scalars(query):
            first.setdefault(row.document_id, row)
            after = row.after or {}
            trusted = after.get("state") == "trusted"
            last[row.document_id] = cast(str, after["text"]) if trusted else None
    models: dict[tuple[str, str | None], list[Ratio]] = {}
    for document_id, row in first.items():
        text, reading = last[document_id], (row.before or {}).get("text")
        if row.stream == "random" and text is not None and isinstance(reading, str):
            models.setdefault((row.engine or "", row.release), []).append(cer(text, reading))
    return tuple(_estimate(engine, release, pages) for (engine, release), pages in models.items())


def _estimate(engine: str, release: str | None, pages: Sequence[Ratio]) -> Estimate:
    low, high = _interval(pages) if len(pages) > 1 else (None, None)
    return Estimate(engine, release, len(pages), total(pages).value, low, high)


def _interval(pages: Sequence[Ratio]) -> tuple[float, float]:
    """Both ends by drawing pages again and again (bootstrap, percentiles)."""
    table = np.array([(page.numerator, page.denominator) for page in pages], dtype=np.float64)
    drawn = np.random.default_rng(SEED).integers(0, len(pages), (ROUNDS, len(pages)))
    sums = table[drawn].sum(axis=1)
    rates = sums[:, 0] / np.maximum(sums[:, 1], 1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(rates, [tail, 1 - tail])
    return float(low), float(high)
