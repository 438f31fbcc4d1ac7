import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.evaluation.metrics.ratio import Ratio
from recto.evaluation.metrics.words import (
    bleu,
    bleu_counts,
    f1_value,
    rouge_l,
    rouge_n,
    word_f1,
    word_f1_casefold,
)

REFERENCES = ["the cat sat on the mat today", "TOTAL : 31.00 paid", "hello big world out there"]
HYPOTHESES = ["the cat sat on mat today", "TOTAL : 31.00", "hello big wrld out here friend"]
TEXTS = st.text(st.sampled_from("ab c.é1\n"), max_size=30)


def test_word_f1_ignores_order_and_nothing_else():
    assert word_f1("b a c", "a b c") == Ratio(6, 6)
    assert word_f1("a a b", "a b b") == Ratio(4, 6)
    assert word_f1("A", "a").value == 0
    assert word_f1_casefold("A", "a").value == 1
    assert f1_value(word_f1("", "")) == 1
    assert f1_value(word_f1("", "x")) == 0


@pytest.mark.parametrize(
    ("pair", "rouge1", "rouge2", "rouge_l_value"),
    [
        (0, 0.923076923076923, 0.7272727272727272, 0.923076923076923),
        (1, 0.8571428571428571, 0.8, 0.8571428571428571),
        (2, 0.5454545454545454, 0.22222222222222224, 0.5454545454545454),
    ],
)
def test_rouge_equals_the_rouge_score_package(pair, rouge1, rouge2, rouge_l_value):
    """Expected values: rouge-score 0.1.2 without stemming."""
    texts = REFERENCES[pair], HYPOTHESES[pair]
    assert rouge_n(*texts, 1) == pytest.approx(rouge1)
    assert rouge_n(*texts, 2) == pytest.approx(rouge2)
    assert rouge_l(*texts) == pytest.approx(rouge_l_value)


def test_rouge_reads_every_script():
    assert rouge_n("größe über", "GRÖSSE UBER", 1) == 0.5
    assert rouge_n("größe über", "Größe ÜBER", 1) == 1.0
    assert rouge_n("مرحبا", "مرحبا", 1) == 1.0


@pytest.mark.parametrize(
    ("references", "hypotheses", "expected"),
    [
        (
            ["the cat sat on the mat today", "a b c d", "hello big world out there"],
            ["the cat sat on mat today", "a b c", "hello big wrld out here friend"],
            0.3753881884790788,
        ),
        (["the cat sat on the mat"], ["the the the the the"], 0.10400597689005303),
        (["a b c d e"], ["a b c d e"], 1.0),
        (["a b"], ["x y"], 0.0),
        (["a"], [""], 0.0),
        ([""], [""], 1.0),
    ],
)
def test_bleu_equals_sacrebleu(references, hypotheses, expected):
    """Expected values: sacrebleu 2, tokenize="none"; the last two are ours to define."""
    counts = [bleu_counts(r, h) for r, h in zip(references, hypotheses, strict=True)]
    assert bleu(counts) == pytest.approx(expected)


@given(TEXTS, TEXTS)
def test_all_are_shares(reference, hypothesis):
    values = [rouge_n(reference, hypothesis, n) for n in (1, 2)]
    values += [rouge_l(reference, hypothesis), bleu([bleu_counts(reference, hypothesis)])]
    values += [f1_value(word_f1(reference, hypothesis))]
    assert all(0 <= value <= 1 + 1e-12 for value in values)


@given(TEXTS)
def test_a_perfect_reading_scores_one(text):
    assert rouge_n(text, text, 1) == rouge_l(text, text) == 1.0
    assert bleu([bleu_counts(text, text)]) == pytest.approx(1.0)
