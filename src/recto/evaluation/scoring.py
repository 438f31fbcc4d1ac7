"""Scoring: one document's figures, and the figures of any group of documents. Pure; it reads no files."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np

from recto.datasets.example import Example
from recto.documents.transcript import Line, Transcript
from recto.evaluation.metrics import edits, words
from recto.evaluation.metrics.errors import KINDS, ErrorTally
from recto.evaluation.metrics.loops import find_loop
from recto.evaluation.metrics.ratio import Ratio, total
from recto.evaluation.report import Confusion, DocumentResult, ErrorSources, Group, Metrics, ReadLine

SCORES: dict[str, Callable[[str, str], Ratio]] = {
    "cer": edits.cer,
    "cer_casefold": edits.cer_casefold,
    "cer_raw": edits.cer_raw,
    "wer": edits.wer,
    "wer_casefold": edits.wer_casefold,
    "word_f1": words.word_f1,
    "word_f1_casefold": words.word_f1_casefold,
    "ned": edits.ned,
    "exact_match": edits.exact,
    "exact_match_casefold": edits.exact_casefold,
    "rouge_1": lambda truth, text: Ratio(words.rouge_n(truth, text, 1), 1),
    "rouge_2": lambda truth, text: Ratio(words.rouge_n(truth, text, 2), 1),
    "rouge_l": lambda truth, text: Ratio(words.rouge_l(truth, text), 1),
}
"""Every figure that adds up over documents, and how one document's share of it is counted."""

LOWER_IS_BETTER = frozenset(
    {"cer", "cer_casefold", "cer_raw", "wer", "wer_casefold", "ned", "seconds_per_page"}
)
_F1 = frozenset({"word_f1", "word_f1_casefold"})
_MOST_CONFUSIONS = 60


def score_document(example: Example, transcript: Transcript, failure: str | None = None) -> DocumentResult:
    """The result of one Example with trusted text; a failed one comes with an empty Transcript."""
    truth, text = example.text or "", transcript.text
    scores = {name: count(truth, text) for name, count in SCORES.items()}
    scores["seconds_per_page"] = Ratio(transcript.seconds, 0 if failure else 1)
    repeating = transcript.finish == "repeating" or (find_loop(text) is not None and find_loop(truth) is None)
    return DocumentResult(
        document=example.image,
        page=example.page or 1,
        category=example.category,
        business=example.business,
        group=example.group,
        language=example.language,
        case_blind=example.case == "upper",
        reference=truth,
        text=text,
        lines=[_read_line(line) for line in transcript.lines],
        finish=transcript.finish.value,
        seconds=transcript.seconds,
        repeating=repeating,
        failure=failure,
        cer=scores["cer"].value,
        cer_casefold=scores["cer_casefold"].value,
        wer=scores["wer"].value,
        wer_casefold=scores["wer_casefold"].value,
        scores={name: (ratio.numerator, ratio.denominator) for name, ratio in scores.items()},
    )


def value_of(metric: str, ratio: Ratio) -> float:
    """A micro figure from its summed Ratio."""
    if metric in _F1:
        return words.f1_value(ratio)
    if metric == "seconds_per_page":
        return ratio.value if ratio.denominator else 0.0
    return ratio.value


def micro(documents: Iterable[DocumentResult], metric: str) -> Ratio:
    """The documents' shares of one figure, summed."""
    return total(Ratio(*d.scores[metric]) for d in documents)


def summarise(documents: Sequence[DocumentResult], peak_memory_mb: float | None = None) -> Metrics:
    """The Metrics of one or more documents."""
    figures = {m: value_of(m, micro(documents, m)) for m in (*SCORES, "seconds_per_page")}
    blank = [d for d in documents if not d.reference.strip()]
    strict, folded = _capped(documents, "cer"), _capped(documents, "cer_casefold")
    return Metrics(
        **figures,
        documents=len(documents),
        failed=sum(d.failure is not None for d in documents),
        case_blind=sum(d.case_blind for d in documents),
        reference_characters=int(micro(documents, "cer").denominator),
        reference_words=int(micro(documents, "wer").denominator),
        cer_median=float(np.median(strict)),
        cer_p90=float(np.percentile(strict, 90)),
        cer_casefold_median=float(np.median(folded)),
        cer_casefold_p90=float(np.percentile(folded, 90)),
        accuracy=max(0.0, 1 - figures["cer"]),
        accuracy_casefold=max(0.0, 1 - figures["cer_casefold"]),
        bleu=words.bleu(words.bleu_counts(d.reference, d.text) for d in documents),
        peak_memory_mb=peak_memory_mb,
        repetitions=sum(d.repeating for d in documents),
        blank_pages=len(blank),
        blank_page_hallucinations=sum(bool(d.text.strip()) for d in blank),
    )


def by_label(documents: Sequence[DocumentResult], label: Literal["category", "business"]) -> dict[str, Group]:
    """The figures of each category or business type, largest group first; unlabelled documents in none."""
    groups = split_by_label(documents, label)
    return {name: Group(**summarise(members).model_dump()) for name, members in groups.items()}


def split_by_label(
    documents: Sequence[DocumentResult], label: Literal["category", "business"]
) -> dict[str, list[DocumentResult]]:
    """The documents of each category or business type, largest group first."""
    groups: dict[str, list[DocumentResult]] = {}
    for document in documents:
        name = document.category if label == "category" else document.business
        if name is not None:
            groups.setdefault(name, []).append(document)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))


def error_sources(documents: Sequence[DocumentResult]) -> ErrorSources:
    """Kinds of edits and the commonest confusions of the documents that were read."""
    tally = ErrorTally()
    for document in documents:
        tally.add(document.reference, document.text, case_blind=document.case_blind)
    confusions = [
        Confusion(
            wanted=pair[0],
            said=pair[1],
            count=count,
            before=tally.contexts[pair][0],
            after=tally.contexts[pair][1],
        )
        for pair, count in tally.seen.most_common(_MOST_CONFUSIONS)
    ]
    return ErrorSources(edits={kind: tally.edits[kind] for kind in KINDS}, confusions=confusions)


def headline(documents: Sequence[DocumentResult]) -> Literal["cer", "cer_casefold"]:
    """The figure to look at first: where most labels are case-blind, case can't be judged."""
    return "cer_casefold" if 2 * sum(d.case_blind for d in documents) > len(documents) else "cer"


def _capped(documents: Sequence[DocumentResult], metric: str) -> list[float]:
    return [Ratio(*d.scores[metric]).capped for d in documents]


def _read_line(line: Line) -> ReadLine:
    x0, y0, x1, y1 = (round(v, 1) for v in line.box)
    confidence = None if line.confidence is None else round(line.confidence, 4)
    return ReadLine(text=line.text, box=(x0, y0, x1, y1), confidence=confidence)
