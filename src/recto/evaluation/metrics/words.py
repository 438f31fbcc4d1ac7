"""Measures of words and word sequences: order-free F1, ROUGE-1/2/L and BLEU.

ROUGE (Lin 2004) and BLEU (Papineni et al. 2002) are recall- and precision-minded measures from translation;
they are here to compare with the literature. ROUGE folds case and takes runs of letters and digits of any
script as words (the usual package drops all but ASCII); BLEU keeps case and takes marks as words too.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from recto.documents.normalise import casefold, nfc
from recto.evaluation.metrics.ratio import Ratio

_WORD = re.compile(r"\w+")
_WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")
_BLEU_ORDERS = 4


def word_f1(reference: str, hypothesis: str) -> Ratio:
    """F1 of the two bags of words, whatever their order: 2 × common over all words of both.

    It tells wrong reading from wrong reading order. Two empty texts give 0 over 0, see `f1_value`.
    """
    return _bag_f1(nfc(reference).split(), nfc(hypothesis).split())


def word_f1_casefold(reference: str, hypothesis: str) -> Ratio:
    """As `word_f1`, ignoring case."""
    return _bag_f1(casefold(reference).split(), casefold(hypothesis).split())


def f1_value(ratio: Ratio) -> float:
    """The F1 of a `word_f1` Ratio: nothing wanted and nothing said is a perfect 1."""
    return ratio.value if ratio.denominator else 1.0


def rouge_n(reference: str, hypothesis: str, order: int) -> float:
    """ROUGE-N F1 of one document, 0–1 (1 where both have no n-gram at all)."""
    wanted = _ngrams(_rouge_words(reference), order)
    said = _ngrams(_rouge_words(hypothesis), order)
    return _f1((wanted & said).total(), wanted.total(), said.total())


def rouge_l(reference: str, hypothesis: str) -> float:
    """ROUGE-L F1 of one document: the longest common subsequence of words, 0–1."""
    wanted, said = _rouge_words(reference), _rouge_words(hypothesis)
    return _f1(LCSseq.similarity(wanted, said), len(wanted), len(said))


@dataclass(frozen=True, slots=True)
class BleuCounts:
    """What BLEU needs of one document: n-gram matches and totals for n = 1–4, and both lengths in words."""

    matches: tuple[int, ...]
    totals: tuple[int, ...]
    reference_words: int
    hypothesis_words: int


def bleu_counts(reference: str, hypothesis: str) -> BleuCounts:
    """The counts of one document."""
    wanted = _WORD_OR_MARK.findall(nfc(reference))
    said = _WORD_OR_MARK.findall(nfc(hypothesis))
    matches, totals = [], []
    for order in range(1, _BLEU_ORDERS + 1):
        grams = _ngrams(said, order)
        matches.append((grams & _ngrams(wanted, order)).total())
        totals.append(grams.total())
    return BleuCounts(tuple(matches), tuple(totals), len(wanted), len(said))


def bleu(documents: Iterable[BleuCounts]) -> float:
    """Corpus BLEU-4, 0–1, one reference each, exponential smoothing of empty orders as sacrebleu does.

    0 where no word at all is right; 1 where nothing was wanted and nothing said.
    """
    counts = list(documents)
    wanted = sum(c.reference_words for c in counts)
    said = sum(c.hypothesis_words for c in counts)
    matches = [sum(c.matches[n] for c in counts) for n in range(_BLEU_ORDERS)]
    totals = [sum(c.totals[n] for c in counts) for n in range(_BLEU_ORDERS)]
    if not said:
        return 0.0 if wanted else 1.0
    if not matches[0]:
        return 0.0
    brevity = math.exp(min(0.0, 1 - wanted / said))
    return brevity * math.exp(_mean_log_precision(matches, totals))


def _mean_log_precision(matches: Sequence[int], totals: Sequence[int]) -> float:
    """Mean logarithm over the orders that exist; the k-th order without a match counts as 1 / 2^k."""
    smoothing, logs = 1.0, []
    for matched, of in zip(matches, totals, strict=True):
        if not of:
            break
        if not matched:
            smoothing *= 2
        logs.append(math.log((matched or 1 / smoothing) / of))
    return sum(logs) / len(logs)


def _bag_f1(reference: list[str], hypothesis: list[str]) -> Ratio:
    common = (Counter(reference) & Counter(hypothesis)).total()
    return Ratio(2 * common, len(reference) + len(hypothesis))


def _f1(common: int, wanted: int, said: int) -> float:
    return 2 * common / (wanted + said) if wanted + said else 1.0


def _rouge_words(text: str) -> list[str]:
    return _WORD.findall(casefold(text))


def _ngrams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(order)), strict=False))
