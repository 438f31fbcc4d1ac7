import jiwer
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recto.documents.normalise import casefold, nfc, squeeze_whitespace
from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import Ratio, total

WILD = st.text(st.characters(codec="utf-8"), max_size=40)
WORDY = st.text(st.sampled_from("aAbé\u0301ßẞİ ﬁ \n\t.,1"), max_size=30)
PAIRS = st.lists(st.tuples(WILD | WORDY, WILD | WORDY), min_size=1, max_size=6)


def micro(count, pairs):
    return total(count(reference, hypothesis) for reference, hypothesis in pairs)


@pytest.mark.parametrize(
    ("count", "prepare", "theirs"),
    [
        (edits.cer, lambda t: squeeze_whitespace(nfc(t)), jiwer.cer),
        (edits.cer_casefold, lambda t: squeeze_whitespace(casefold(t)), jiwer.cer),
        (edits.cer_raw, nfc, jiwer.cer),
        (edits.wer, lambda t: squeeze_whitespace(nfc(t)), jiwer.wer),
        (edits.wer_casefold, lambda t: squeeze_whitespace(casefold(t)), jiwer.wer),
    ],
)
@given(pairs=PAIRS)
def test_corpus_figures_are_exactly_those_of_jiwer(count, prepare, theirs, pairs):
    prepared = [(prepare(reference), prepare(hypothesis)) for reference, hypothesis in pairs]
    assume(any(reference.strip() for reference, _ in prepared))
    expected = theirs([r for r, _ in prepared], [h for _, h in prepared])
    assert micro(count, pairs).value == expected


@given(WILD, WILD)
def test_what_every_rate_keeps(reference, hypothesis):
    assert edits.cer(reference, reference).value == 0
    assert edits.wer(reference, reference).value == 0
    assert 0 <= edits.ned(reference, hypothesis).value <= 1
    assert edits.ned(reference, hypothesis) == edits.ned(hypothesis, reference)
    assert edits.exact(reference, hypothesis).value == (edits.cer(reference, hypothesis).numerator == 0)


@pytest.mark.parametrize(
    ("count", "reference", "hypothesis", "expected"),
    [
        (edits.cer, "TOTAL 31.00", "TOTAL 3l.00", Ratio(1, 11)),
        (edits.cer, "TOTAL\n31.00", "TOTAL  31.00 ", Ratio(0, 11)),
        (edits.cer, "TOTAL 31.00", "TOTAL31.00", Ratio(1, 11)),
        (edits.cer_raw, "TOTAL\n31.00\n", "TOTAL 31.00", Ratio(1, 11)),
        (edits.cer, "café", "cafe\u0301", Ratio(0, 4)),
        (edits.cer, "ABC", "abc", Ratio(3, 3)),
        (edits.cer_casefold, "STRASSE", "Straße", Ratio(0, 7)),
        (edits.wer, "a b\nc", "a c", Ratio(1, 3)),
        (edits.wer_casefold, "A B", "a b", Ratio(0, 2)),
        (edits.ned, "ab", "abcd", Ratio(0.5, 1)),
    ],
)
def test_known_values(count, reference, hypothesis, expected):
    assert count(reference, hypothesis) == expected


@pytest.mark.parametrize(
    ("hypothesis", "value"), [("", 0.0), (" \n", 0.0), ("x", 1.0), ("many words here", 1.0)]
)
@pytest.mark.parametrize(
    "count", [edits.cer, edits.cer_casefold, edits.cer_raw, edits.wer, edits.wer_casefold]
)
def test_an_empty_reference_has_a_defined_value(count, hypothesis, value):
    assert count("", hypothesis).value == value


def test_micro_figures_weigh_documents_by_their_length():
    pairs = [("abcdefghij", "abcdefghij"), ("ab", "xy")]
    assert micro(edits.cer, pairs).value == pytest.approx(2 / 12)


def test_capped_distances_end_at_one():
    ratio = edits.cer("ab", "a much longer reading than this")
    assert ratio.value > 10
    assert ratio.capped == 1.0
