"""How well lines are read during training: CER and WER of validation lines, and a few samples to look at.

Decoding uses the full head, so that a class that was left out of training would show if it won.
"""

from collections.abc import Sequence

from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import Ratio, total
from recto.training.ctc.decoding import LineReader
from recto.training.ctc.features import LabelledLines
from recto.training.progress import Sample, Score


def score_lines(reader: LineReader, lines: LabelledLines) -> Score:
    """Read and compare all lines that have features."""
    readings = {reading.place: reading.text for reading in reader.read(lines.buckets)}
    places = sorted(readings)
    return compare_lines(
        [readings[place] for place in places],
        [lines.labels[place] for place in places],
        [lines.case_blind[place] for place in places],
    )


def compare_lines(readings: Sequence[str], labels: Sequence[str], case_blind: Sequence[bool]) -> Score:
    """Score readings against labels."""
    rows = list(zip(labels, readings, case_blind, strict=True))
    cer = total(edits.cer_casefold(a, b) if blind else edits.cer(a, b) for a, b, blind in rows)
    wer = total(edits.wer_casefold(a, b) if blind else edits.wer(a, b) for a, b, blind in rows)
    wrong = [Sample(a, b) for a, b, blind in rows if not _same(a, b, blind=blind)]
    exact = Ratio(len(rows) - len(wrong), len(rows)).value
    return Score(cer.value, wer.value, int(cer.numerator), int(cer.denominator), exact, tuple(wrong[:5]))


def _same(label: str, reading: str, *, blind: bool) -> bool:
    error = edits.cer_casefold(label, reading) if blind else edits.cer(label, reading)
    return error.numerator == 0
