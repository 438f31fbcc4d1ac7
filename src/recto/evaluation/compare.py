"""Compare: is the candidate better than the baseline on the same documents, and how sure is that?

A paired bootstrap (Efron & Tibshirani 1993; Bisani & Ney 2004 for error rates): clusters of documents are
drawn with replacement, both engines' micro figures are taken over the same draw, and the middle of the
differences is the interval: 95 %, and more with few clusters (the expanded percentile interval, Hesterberg
2015, "What Teachers Should Know About the Bootstrap"), since what so few show varies too little. Documents
of one `group` resemble each other, and so do the pages of one file: they are drawn together, as one cluster
(the cluster bootstrap, Davison & Hinkley 1997, §3.8). Kinship that no `group` tells isn't known here
(a workspace gives documents that look alike one group): without groups, the interval of a set with few
vendors is too narrow.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recto.errors import EvaluationError
from recto.evaluation.metrics.ratio import Ratio, total
from recto.evaluation.report import Baseline, Comparison, Difference, DocumentResult, Report
from recto.evaluation.scoring import LOWER_IS_BETTER, SCORES, split_by_label, value_of

METRICS = (*SCORES, "seconds_per_page")
"""What is compared: every figure that adds up over documents."""

METRIC_NAMES = {
    "cer": "CER",
    "cer_casefold": "CER (ignoring case)",
    "cer_raw": "CER (raw white space)",
    "wer": "WER",
    "wer_casefold": "WER (ignoring case)",
    "word_f1": "Word F1",
    "word_f1_casefold": "Word F1 (ignoring case)",
    "ned": "Normalised edit distance",
    "exact_match": "Exact documents",
    "exact_match_casefold": "Exact documents (ignoring case)",
    "rouge_1": "ROUGE-1",
    "rouge_2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "seconds_per_page": "Seconds per page",
}
FEWEST_CLUSTERS = 5
"""With fewer, an interval of redrawn clusters says nothing at any confidence: the verdict stays undecided."""

_MOST_CLUSTERS = 10_000
"""Where this many aren't enough for a confidence, more won't be: the tails hardly grow any more."""

_CHUNK = 256  # resamples at once: bounds memory at 256 × clusters counts


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How the interval is drawn: `resamples` draws with `seed`, the middle `confidence` (0–1) of them."""

    resamples: int = 2000
    confidence: float = 0.95
    seed: int = 0

    def tail(self, clusters: int) -> float:
        """The share of the draws beyond either end: 0.025 for 95 % and many clusters, 0.001 for five."""
        outside = (1 - self.confidence) / 2
        if clusters < 2:
            return outside
        from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]

        return float(ndtr(math.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, outside)))

    def beyond(self, clusters: int) -> int:
        """How many whole draws lie beyond either end."""
        return int(self.tail(clusters) * self.resamples)

    def enough(self, clusters: int) -> bool:
        """Whether so many clusters can show anything.

        Where not one draw lies beyond an end, that end is the farthest draw whatever `confidence` says.
        """
        return clusters >= FEWEST_CLUSTERS and self.beyond(clusters) >= 1

    def fewest(self) -> int | None:
        """The fewest clusters that are enough: 5 for 95 %, 12 for 99 %; None where no number is (99.9 %)."""
        counts = range(FEWEST_CLUSTERS, _MOST_CLUSTERS + 1)
        place = bisect_left(counts, 1, key=self.beyond)
        return counts[place] if place < len(counts) else None


Pair = tuple[DocumentResult, DocumentResult]
"""The same document as the candidate and as the baseline read it."""


def compare(candidate: Report, baseline: Report, bootstrap: Bootstrap = Bootstrap()) -> Comparison:
    """All differences, candidate minus baseline. Raises EvaluationError unless both measured the same."""
    pairs = _paired(candidate, baseline)
    moved = [_edits(a) - _edits(b) for a, b in pairs]
    return Comparison(
        confidence=bootstrap.confidence,
        resamples=bootstrap.resamples,
        seed=bootstrap.seed,
        documents=len(pairs),
        improved=sum(m < 0 for m in moved),
        unchanged=sum(m == 0 for m in moved),
        worsened=sum(m > 0 for m in moved),
        overall=differences(pairs, bootstrap),
        by_category=_by_label(pairs, "category", bootstrap),
        by_business=_by_label(pairs, "business", bootstrap),
    )


def with_baseline(candidate: Report, baseline: Report, bootstrap: Bootstrap = Bootstrap()) -> Report:
    """The candidate's Report with the baseline's figures and the comparison in it."""
    beside = Baseline(
        **baseline.metrics.model_dump(),
        engine=baseline.engine,
        settings=baseline.settings,
        by_category=baseline.by_category,
        by_business=baseline.by_business,
        errors=baseline.errors,
        document_results=baseline.documents,
    )
    comparison = compare(candidate, baseline, bootstrap)
    return candidate.model_copy(update={"baseline": beside, "comparison": comparison})


def differences(pairs: Sequence[Pair], bootstrap: Bootstrap) -> dict[str, Difference]:
    """The Difference of every metric over these documents, all over the same draws."""
    flat = [[*a.scores[m], *b.scores[m]] for a, b in pairs for m in METRICS]
    table = np.array(flat, dtype=np.float64).reshape(len(pairs), -1)
    by_cluster = _by_cluster(table, [cluster(a.document, a.group) for a, _ in pairs])
    sums = _resample(by_cluster, bootstrap)
    clusters, tail = len(by_cluster), bootstrap.tail(len(by_cluster))
    ends = [_ends(metric, sums[:, 4 * i : 4 * i + 4], tail) for i, metric in enumerate(METRICS)]
    return {
        metric: _difference(metric, pairs, found, clusters, bootstrap)
        for metric, found in zip(METRICS, ends, strict=True)
    }


def cluster(document: str, group: str | None) -> tuple[str, str]:
    """What is drawn together: the documents of one group, else the pages of one file."""
    return ("group", group) if group else ("document", document)


def _by_cluster(table: NDArray[np.float64], clusters: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Rows of `table` (documents × columns) summed by their cluster, in order of first appearance."""
    places = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    out = np.zeros((len(places), table.shape[1]))
    np.add.at(out, [places[cluster] for cluster in clusters], table)
    return out


def _paired(candidate: Report, baseline: Report) -> list[Pair]:
    if [d.key for d in candidate.documents] != [d.key for d in baseline.documents]:
        raise EvaluationError(
            f"{candidate.engine!r} and {baseline.engine!r} weren't measured on the same documents",
            where=candidate.dataset.root or None,
            hint="evaluate both on the same split of the same dataset",
        )
    return list(zip(candidate.documents, baseline.documents, strict=True))


def _edits(document: DocumentResult) -> float:
    return document.scores["cer_casefold" if document.case_blind else "cer"][0]


def _by_label(
    pairs: Sequence[Pair], label: Literal["category", "business"], bootstrap: Bootstrap
) -> dict[str, dict[str, Difference]]:
    ours = split_by_label([a for a, _ in pairs], label)
    theirs = split_by_label([b for _, b in pairs], label)
    return {
        name: differences(list(zip(members, theirs[name], strict=True)), bootstrap)
        for name, members in ours.items()
    }


def _difference(
    metric: str, pairs: Sequence[Pair], ends: tuple[float, float], clusters: int, bootstrap: Bootstrap
) -> Difference:
    new = value_of(metric, total(Ratio(*a.scores[metric]) for a, _ in pairs))
    old = value_of(metric, total(Ratio(*b.scores[metric]) for _, b in pairs))
    return Difference(
        metric=metric,
        baseline=old,
        candidate=new,
        difference=new - old,
        low=ends[0],
        high=ends[1],
        documents=len(pairs),
        clusters=clusters,
        verdict=_verdict(metric, ends, clusters, bootstrap),
        words=in_words(metric, (old, new), ends, (len(pairs), clusters), bootstrap),
    )


def _resample(table: NDArray[np.float64], bootstrap: Bootstrap) -> NDArray[np.float64]:
    """Column sums of `table` (clusters × columns) over each draw: resamples × columns."""
    rng = np.random.default_rng(bootstrap.seed)
    count = len(table)
    sums = []
    for start in range(0, bootstrap.resamples, _CHUNK):
        size = min(_CHUNK, bootstrap.resamples - start)
        sums.append(rng.multinomial(count, np.full(count, 1 / count), size=size) @ table)
    return np.concatenate(sums)


def _ends(metric: str, sums: NDArray[np.float64], tail: float) -> tuple[float, float]:
    """What leaves `tail` of the differences out on either side; columns: our ratio's two, then theirs."""
    drawn = _values(metric, sums[:, 0], sums[:, 1]) - _values(metric, sums[:, 2], sums[:, 3])
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _values(
    metric: str, numerators: NDArray[np.float64], denominators: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`value_of` for many draws at once."""
    nothing, anything = (value_of(metric, Ratio(n, 0)) for n in (0.0, 1.0))
    out: NDArray[np.float64] = np.where(numerators > 0, anything, nothing)
    return np.divide(numerators, denominators, out=out, where=denominators > 0)


def _verdict(
    metric: str, ends: tuple[float, float], clusters: int, bootstrap: Bootstrap
) -> Literal["better", "worse", "undecided"]:
    if not bootstrap.enough(clusters) or ends[0] <= 0 <= ends[1]:
        return "undecided"
    return "better" if (ends[1] < 0) == (metric in LOWER_IS_BETTER) else "worse"


def in_words(
    metric: str,
    values: tuple[float, float],
    ends: tuple[float, float],
    counts: tuple[int, int],
    bootstrap: Bootstrap,
) -> str:
    """One plain sentence. `values` are (baseline, candidate), `counts` (documents, clusters).

    "CER fell from 4.21 % to 3.10 %: −1.11 points, 95 % interval −1.40 … −0.80, 87 documents".
    """
    old, new = values
    seconds = metric == "seconds_per_page"
    scale, unit, points = (1.0, " s", " s") if seconds else (100.0, " %", " points")
    before, after = (f"{scale * v:.2f}{unit}" for v in (old, new))
    if before == after:
        moved = f"stayed at {after}"
    else:
        moved = f"{'fell' if new < old else 'rose'} from {before} to {after}"
    step, low, high = (_signed(scale * v) for v in (new - old, *ends))
    documents, clusters = counts
    together = f" in {clusters} group{'s' if clusters != 1 else ''}" if clusters < documents else ""
    return (
        f"{METRIC_NAMES[metric]} {moved}: {step}{points}, {_percent(bootstrap)} interval {low} … {high}, "
        f"{documents} {'document' if documents == 1 else 'documents'}{together}"
        f"{_caution(ends, counts, bootstrap)}"
    )


def _caution(ends: tuple[float, float], counts: tuple[int, int], bootstrap: Bootstrap) -> str:
    """Why it is undecided, and what would help."""
    if ends == (0, 0):
        return ""
    if bootstrap.enough(counts[1]):
        return " (may be chance)" if ends[0] <= 0 <= ends[1] else ""
    return f" ({too_few(counts, bootstrap)})"


def too_few(counts: tuple[int, int], bootstrap: Bootstrap) -> str:
    """What so many (documents, clusters) lack for any verdict but undecided, in words; "" for nothing."""
    documents, clusters = counts
    if bootstrap.enough(clusters):
        return ""
    fewest = bootstrap.fewest()
    if fewest is None:
        return f"{bootstrap.resamples:,} draws can't tell {_percent(bootstrap)}: ask for less"
    noun = "groups" if clusters < documents else "documents"
    return f"too few to tell: {_percent(bootstrap)} takes {fewest} {noun}"


def _percent(bootstrap: Bootstrap) -> str:
    return f"{100 * bootstrap.confidence:g} %"


def _signed(value: float) -> str:
    text = f"{value:+.2f}".replace("-", "−")
    return "0.00" if float(f"{value:.2f}") == 0 else text
