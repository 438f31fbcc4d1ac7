"""Edit distances: CER, WER and NED, as Ratios of one document. rapidfuzz does the counting.

Unicode is always NFC; case and white space are what the name says. Figures without empty references equal
jiwer's exactly (a test keeps it), which leaves normalisation to its user.
"""

from rapidfuzz.distance import Levenshtein

from recto.documents.normalise import casefold, nfc, squeeze_whitespace
from recto.evaluation.metrics.ratio import Ratio


def cer(reference: str, hypothesis: str) -> Ratio:
    """Character edits over reference characters, each run of white space as one blank.

    Where a line of print ends is layout, and labels and engines settle it differently: so a line break
    counts as a blank. A missing or superfluous blank still costs one edit.
    """
    return _characters(squeeze_whitespace(nfc(reference)), squeeze_whitespace(nfc(hypothesis)))


def cer_casefold(reference: str, hypothesis: str) -> Ratio:
    """As `cer`, ignoring case."""
    return _characters(squeeze_whitespace(casefold(reference)), squeeze_whitespace(casefold(hypothesis)))


def cer_raw(reference: str, hypothesis: str) -> Ratio:
    """As `cer`, with line breaks and runs of blanks compared as they are (only the ends are stripped)."""
    return _characters(nfc(reference).strip(), nfc(hypothesis).strip())


def wer(reference: str, hypothesis: str) -> Ratio:
    """Word edits over reference words; a word is what white space separates."""
    return _words(nfc(reference).split(), nfc(hypothesis).split())


def wer_casefold(reference: str, hypothesis: str) -> Ratio:
    """As `wer`, ignoring case."""
    return _words(casefold(reference).split(), casefold(hypothesis).split())


def ned(reference: str, hypothesis: str) -> Ratio:
    """Normalised edit distance of the texts that `cer` compares: edits over the longer one's length.

    Always 0–1, and the mean over documents is 1 − the "1-NED" of the ICDAR reading competitions.
    """
    a, b = squeeze_whitespace(nfc(reference)), squeeze_whitespace(nfc(hypothesis))
    longer = max(len(a), len(b), 1)
    return Ratio(Levenshtein.distance(a, b) / longer, 1)


def exact(reference: str, hypothesis: str) -> Ratio:
    """1 where the texts that `cer` compares are equal, else 0."""
    return Ratio(float(squeeze_whitespace(nfc(reference)) == squeeze_whitespace(nfc(hypothesis))), 1)


def exact_casefold(reference: str, hypothesis: str) -> Ratio:
    """As `exact`, ignoring case."""
    equal = squeeze_whitespace(casefold(reference)) == squeeze_whitespace(casefold(hypothesis))
    return Ratio(float(equal), 1)


def _characters(reference: str, hypothesis: str) -> Ratio:
    return Ratio(Levenshtein.distance(reference, hypothesis), len(reference))


def _words(reference: list[str], hypothesis: list[str]) -> Ratio:
    return Ratio(Levenshtein.distance(reference, hypothesis), len(reference))
