"""What report.html shows, as plain rows: which figures, in which order, in which words. No HTML, no files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recto.evaluation.compare import METRIC_NAMES
from recto.evaluation.diff import Mark, diff
from recto.evaluation.metrics.errors import KINDS
from recto.evaluation.metrics.ratio import Ratio
from recto.evaluation.report import Difference, DocumentResult, Group, Metrics, Report

TABLE = (
    "cer",
    "cer_casefold",
    "cer_raw",
    "wer",
    "wer_casefold",
    "word_f1",
    "word_f1_casefold",
    "ned",
    "exact_match",
    "exact_match_casefold",
    "rouge_1",
    "rouge_2",
    "rouge_l",
    "seconds_per_page",
)
_UNPAIRED = {
    "cer_median": "CER, median document",
    "cer_p90": "CER, 90th percentile",
    "cer_casefold_median": "CER (ignoring case), median document",
    "cer_casefold_p90": "CER (ignoring case), 90th percentile",
    "bleu": "BLEU",
}
MOST_DOCUMENTS = 500
"""Rows of the table of all documents; report.json has every one."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure, with what it was before and how sure the change is."""

    name: str
    value: str
    note: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One metric: its name, the baseline's value (or ""), the candidate's, and the difference if paired."""

    name: str
    key: str
    baseline: str
    candidate: str
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One category or business type; `error` is the headline rate (0–1) that the bars show."""

    name: str
    documents: int
    error: float
    baseline_error: float | None
    difference: Difference | None
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One kind of error: edits and their share of all edits, and the baseline's edits."""

    sentence: str
    edits: int
    share: float
    baseline: int | None


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document with its error rate and, where there is a baseline, that one's."""

    result: DocumentResult
    before: DocumentResult | None
    error: float
    error_before: float | None


@dataclass(frozen=True, slots=True)
class PageView:
    """A page to look at: its row, the marks of its diff and of the baseline's."""

    row: DocumentRow
    marks: list[Mark]
    marks_before: list[Mark] | None


def percent(value: float) -> str:
    """A share in per cent with two digits."""
    return f"{100 * value:.2f} %"


def shown(metric: str, value: float) -> str:
    """A figure in its unit."""
    return f"{value:.2f} s" if metric == "seconds_per_page" else percent(value)


def signed_points(value: float) -> str:
    """A difference of shares in points."""
    return _signed(100 * value)


def signed_seconds(value: float) -> str:
    """A difference in seconds."""
    return _signed(value) + " s"


def tiles(report: Report) -> list[Tile]:
    """The five figures to see first; case-folded where labels are blind to case."""
    folded = "_casefold" if report.headline == "cer_casefold" else ""
    rest = " ignoring case" if folded else ""
    names = {
        f"cer{folded}": ("Character error rate", f"micro CER{rest}"),
        f"wer{folded}": ("Word error rate", f"micro WER{rest}"),
        f"word_f1{folded}": ("Words found", f"order-free F1{rest}"),
        f"exact_match{folded}": ("Pages without an error", f"exact{rest}"),
        "seconds_per_page": ("Seconds per page", f"on {report.machine.cores} cores"),
    }
    paired = report.comparison.overall if report.comparison else {}
    return [
        Tile(name, shown(key, getattr(report.metrics, key)), note, paired.get(key))
        for key, (name, note) in names.items()
    ]


def figure_rows(report: Report) -> list[FigureRow]:
    """All figures, the paired ones with their interval."""
    paired = report.comparison.overall if report.comparison else {}
    rows = []
    for key in (*TABLE, *_UNPAIRED):
        name = METRIC_NAMES.get(key) or _UNPAIRED[key]
        before = shown(key, getattr(report.baseline, key)) if report.baseline else ""
        rows.append(FigureRow(name, key, before, shown(key, getattr(report.metrics, key)), paired.get(key)))
    return rows


def group_rows(report: Report, label: Literal["category", "business"]) -> list[GroupRow]:
    """One row for each category or business type with the headline metric."""
    key, of = report.headline, f"by_{label}"
    before: dict[str, Group] = getattr(report.baseline, of) if report.baseline else {}
    paired: dict[str, dict[str, Difference]] = getattr(report.comparison, of) if report.comparison else {}
    groups: dict[str, Group] = getattr(report, of)
    return [
        GroupRow(
            name=name,
            documents=group.documents,
            error=getattr(group, key),
            baseline_error=getattr(before[name], key) if name in before else None,
            difference=paired[name][key] if name in paired else None,
            metrics=group,
        )
        for name, group in groups.items()
    ]


def source_rows(report: Report) -> list[SourceRow]:
    """Kinds of errors, the largest first."""
    edits = report.errors.edits
    every = sum(edits.values()) or 1
    before = report.baseline.errors.edits if report.baseline else None
    rows = [
        SourceRow(sentence, edits[kind], edits[kind] / every, before[kind] if before else None)
        for kind, sentence in KINDS.items()
    ]
    return sorted(rows, key=lambda row: -row.edits)


def document_rows(report: Report) -> list[DocumentRow]:
    """Every document, worst first: by its capped headline rate, then by its edits."""
    before: Sequence[DocumentResult | None] = (
        report.baseline.document_results if report.baseline else [None] * len(report.documents)
    )
    rows = [
        DocumentRow(new, old, _rate(new, report.headline), _rate(old, report.headline) if old else None)
        for new, old in zip(report.documents, before, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.error, -row.result.scores[report.headline][0]))


def movers(rows: Sequence[DocumentRow], most: int = 5) -> tuple[list[DocumentRow], list[DocumentRow]]:
    """The documents that improved most and those that got worse most, at most `most` each."""
    moved = sorted((row for row in rows if row.error_before is not None), key=_step)
    better = [row for row in moved[:most] if _step(row) < 0]
    worse = [row for row in reversed(moved[-most:]) if _step(row) > 0]
    return better, worse


def page_view(row: DocumentRow) -> PageView:
    """The diffs of one document."""
    result, before = row.result, row.before
    marks = diff(result.reference, result.text, case_blind=result.case_blind)
    if before is None:
        return PageView(row, marks, None)
    return PageView(row, marks, diff(before.reference, before.text, case_blind=before.case_blind))


def _signed(value: float) -> str:
    text = f"{value:+.2f}".replace("-", "−")
    return text[1:] if text in ("+0.00", "−0.00") else text


def _rate(document: DocumentResult, metric: str) -> float:
    return Ratio(*document.scores[metric]).capped


def _step(row: DocumentRow) -> float:
    return row.error - (row.error_before or 0.0)
