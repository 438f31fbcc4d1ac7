"""Scoring during training: CER and WER of what was read on validation, and a few samples to look at."""

from collections.abc import Sequence
from typing import Literal

from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import Ratio, total
from recto.training.progress import Sample, Score

_SAMPLES = 5


def compare(
    readings: Sequence[str],
    labels: Sequence[str],
    case_blind: Sequence[bool],
    unit: Literal["lines", "pages", "answers"] = "lines",
) -> Score:
    """Score readings against labels, lines or pages."""
    rows = list(zip(labels, readings, case_blind, strict=True))
    cer = total(edits.cer_casefold(a, b) if blind else edits.cer(a, b) for a, b, blind in rows)
    wer = total(edits.wer_casefold(a, b) if blind else edits.wer(a, b) for a, b, blind in rows)
    wrong = [Sample(a, b) for a, b, blind in rows if not _same(a, b, blind=blind)]
    exact = Ratio(len(rows) - len(wrong), len(rows)).value
    errors, characters = int(cer.numerator), int(cer.denominator)
    return Score(cer.value, wer.value, errors, characters, exact, tuple(wrong[:_SAMPLES]), unit)


def _same(label: str, reading: str, *, blind: bool) -> bool:
    error = edits.cer_casefold(label, reading) if blind else edits.cer(label, reading)
    return error.numerator == 0
