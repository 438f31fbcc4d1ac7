"""How well lines are read during training: CER and WER of validation lines, and a few samples to look at.

Decoding uses the full head, so that a class that was left out of training would show if it won.
"""

from collections.abc import Callable, Sequence

from torch import nn

from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import Ratio, total
from recto.training.ctc.decoding import best_classes, greedy_text
from recto.training.ctc.features import Bucket, LabelledLines
from recto.training.progress import LineScore, Sample


def read_lines(
    neck: nn.Module,
    head: nn.Module,
    buckets: tuple[Bucket, ...],
    characters: str,
    *,
    near_space: float = 0.0,
    advance: Callable[[int], None] = lambda lines: None,
) -> list[str]:
    """The reading of each line at its place in the input; "" where no bucket has the place."""
    out = [""] * (1 + max((place for bucket in buckets for place in bucket.lines), default=-1))
    for bucket in buckets:
        classes = best_classes(neck, head, bucket.features, near_space)
        for place, row in zip(bucket.lines, classes.tolist(), strict=True):
            out[place] = greedy_text(row, characters)
        advance(len(bucket.lines))
    return out


def score_lines(
    neck: nn.Module, head: nn.Module, lines: LabelledLines, characters: str, *, near_space: float = 0.0
) -> LineScore:
    """Read and compare all lines that have features; `near_space` as in `best_classes`."""
    readings = read_lines(neck, head, lines.buckets, characters, near_space=near_space)
    places = sorted(place for bucket in lines.buckets for place in bucket.lines)
    return compare_lines(
        [readings[place] for place in places],
        [lines.labels[place] for place in places],
        [lines.case_blind[place] for place in places],
    )


def compare_lines(readings: Sequence[str], labels: Sequence[str], case_blind: Sequence[bool]) -> LineScore:
    """Score readings against labels."""
    rows = list(zip(labels, readings, case_blind, strict=True))
    cer = total(edits.cer_casefold(a, b) if blind else edits.cer(a, b) for a, b, blind in rows)
    wer = total(edits.wer_casefold(a, b) if blind else edits.wer(a, b) for a, b, blind in rows)
    wrong = [Sample(a, b) for a, b, blind in rows if not _same(a, b, blind=blind)]
    exact = Ratio(len(rows) - len(wrong), len(rows)).value
    return LineScore(cer.value, wer.value, int(cer.numerator), int(cer.denominator), exact, tuple(wrong[:5]))


def _same(label: str, reading: str, *, blind: bool) -> bool:
    error = edits.cer_casefold(label, reading) if blind else edits.cer(label, reading)
    return error.numerator == 0
