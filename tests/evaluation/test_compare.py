from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.errors import EvaluationError
from recto.evaluation.compare import METRICS, Bootstrap, compare, differences, in_words, with_baseline
from recto.evaluation.report import DocumentResult

from .conftest import PERFECT, WORSE

COUNTS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40)), min_size=1, max_size=30
)


def test_a_better_candidate(bench):
    texts = [f"document number {i} of a test" for i in range(40)]
    examples = [bench.example(f"{i}.png", text) for i, text in enumerate(texts)]
    good = {f"{i}.png": text for i, text in enumerate(texts)}
    bad = {name: text.replace("o", "0") if i % 2 else text for i, (name, text) in enumerate(good.items())}
    comparison = compare(bench.report(good, examples), bench.report(bad, examples))
    cer = comparison.overall["cer"]
    assert (cer.candidate, cer.verdict, cer.documents) == (0, "better", 40)
    assert cer.low < cer.difference < cer.high < 0
    assert comparison.overall["word_f1"].verdict == "better"
    assert comparison.overall["word_f1"].low > 0
    assert (comparison.improved, comparison.unchanged, comparison.worsened) == (20, 20, 0)
    back = compare(bench.report(bad, examples), bench.report(good, examples)).overall["cer"]
    assert (back.verdict, back.difference) == ("worse", -cer.difference)


def test_a_few_documents_are_never_a_verdict(bench):
    comparison = compare(bench.report(PERFECT), bench.report(WORSE))
    assert comparison.overall["cer"].verdict == "undecided"
    assert comparison.overall["cer"].words.endswith("4 documents (too few to tell: 95 % takes 5 documents)")
    assert comparison.by_category["invoice"]["cer"].difference == 0
    assert comparison.by_business["shop"]["cer"] == comparison.overall["cer"]


def with_kin(bench, group_of):
    """Six vendors with ten documents each: the candidate is better on every other, else the baseline is."""
    good = {f"{i}.png": f"document number {i} of a test" for i in range(60)}
    examples = [
        replace(bench.example(name, text), **group_of(i)) for i, (name, text) in enumerate(good.items())
    ]
    mixed = [
        {name: text if i // 10 % 2 == side else "?" + text for i, (name, text) in enumerate(good.items())}
        for side in (0, 1)
    ]
    return compare(*(bench.report(texts, examples) for texts in mixed)).overall["cer"]


def test_documents_of_one_group_are_drawn_together(bench):
    alone = with_kin(bench, lambda i: {})
    grouped = with_kin(bench, lambda i: {"group": f"vendor {i // 10}"})
    assert (alone.clusters, grouped.clusters, grouped.documents) == (60, 6, 60)
    assert grouped.difference == alone.difference
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert "60 documents in 6 groups" in grouped.words


def test_pages_of_one_file_are_drawn_together_and_few_clusters_are_no_verdict(bench):
    example = bench.example("a.tif", "some text")
    pages = [replace(example, page=page) for page in range(1, 21)]
    cer = compare(bench.report({"a.tif": "some text"}, pages), bench.report({}, pages)).overall["cer"]
    assert (cer.documents, cer.clusters, cer.verdict) == (20, 1, "undecided")
    assert cer.words.endswith("20 documents in 1 group (too few to tell: 95 % takes 5 groups)")


def test_only_the_same_documents_can_be_compared(bench):
    with pytest.raises(EvaluationError, match="same documents"):
        compare(bench.report(PERFECT), bench.report(PERFECT, bench.examples()[:3]))


def test_the_same_seed_draws_the_same_interval(bench):
    first, second = (with_baseline(bench.report(PERFECT), bench.report(WORSE)).comparison for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.overall["cer"] == second.overall["cer"]


def result(number, errors, characters):
    """A document with so many errors in so many characters; every other figure is of nothing."""
    return DocumentResult(
        document=f"{number}.png",
        page=1,
        category="receipt",
        business=None,
        group=None,
        language=None,
        case_blind=False,
        reference="",
        text="",
        lines=[],
        finish="complete",
        seconds=0,
        repeating=False,
        failure=None,
        cer=0,
        cer_casefold=0,
        wer=0,
        wer_casefold=0,
        scores=dict.fromkeys(METRICS, (0.0, 0.0)) | {"cer": (float(errors), float(characters))},
    )


def cer_of(ours, theirs, characters, how):
    """The Difference of the CER, from errors and characters of each document."""
    counts = enumerate(zip(ours, theirs, characters, strict=True))
    return differences([(result(i, a, n), result(i, b, n)) for i, (a, b, n) in counts], how)["cer"]


@given(COUNTS)
def test_an_engine_against_itself_differs_by_nothing(counts):
    errors = [min(a, c) for a, _, c in counts]
    cer = cer_of(errors, errors, [c for *_, c in counts], Bootstrap(resamples=50))
    assert (cer.difference, cer.low, cer.high, cer.verdict) == (0, 0, 0, "undecided")


@given(COUNTS)
def test_the_interval_is_ordered_and_within_what_documents_show(counts):
    ours, theirs = ([min(errors[side], errors[2]) for errors in counts] for side in (0, 1))
    cer = cer_of(ours, theirs, [c for *_, c in counts], Bootstrap(resamples=60))
    assert -1 <= cer.low <= cer.high <= 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(100):
        length = rng.integers(50, 200, size=60)
        theirs, ours = rng.binomial(length, 0.05), rng.binomial(length, 0.03)
        cer = cer_of(ours, theirs, length, Bootstrap(resamples=300))
        covered += cer.low <= -0.02 <= cer.high
    assert 88 <= covered <= 100


@pytest.mark.parametrize("vendors", [5, 6, 10, 20])
def test_few_vendors_are_no_reason_to_be_sure(vendors):
    """A candidate that is no better passes by chance about once in forty; with the middle 95 % of the draws
    and five vendors it would be once in twelve."""
    rng = np.random.default_rng(vendors)
    better = covered = 0
    for _ in range(400):
        characters = rng.integers(300, 800, size=vendors)
        taste = rng.normal(0, 0.02, size=vendors)  # whom of the two a vendor's print suits
        cer = cer_of((0.1 + taste) * characters, 0.1 * characters, characters, Bootstrap())
        better += cer.verdict == "better"
        covered += cer.verdict == "undecided"
    assert better <= 20 and covered >= 345


@pytest.mark.parametrize(
    ("confidence", "documents", "verdict", "words"),
    [
        (0.95, 5, "better", "95 % interval −20.00 … −20.00, 5 documents"),
        (0.99, 11, "undecided", "11 documents (too few to tell: 99 % takes 12 documents)"),
        (0.99, 12, "better", "99 % interval −20.00 … −20.00, 12 documents"),
        (0.998, 51, "undecided", "51 documents (too few to tell: 99.8 % takes 52 documents)"),
        (
            0.999,
            60,
            "undecided",
            "99.9 % interval −20.00 … −20.00, 60 documents (2,000 draws can't tell 99.9 %",
        ),
    ],
)
def test_more_confidence_takes_more_documents(bench, confidence, documents, verdict, words):
    """Every document got better; how many there must be depends on how sure it shall be."""
    read = {f"{i}.png": "words" for i in range(documents)}
    examples = [bench.example(name, text) for name, text in read.items()]
    bad = dict.fromkeys(read, "w0rds")
    how = Bootstrap(confidence=confidence)
    cer = compare(bench.report(read, examples), bench.report(bad, examples), how).overall["cer"]
    assert (cer.verdict, words in cer.words) == (verdict, True), cer.words


@pytest.mark.parametrize(("clusters", "tail"), [(1, 0.025), (5, 0.00096), (20, 0.01590), (1000, 0.02480)])
def test_fewer_clusters_leave_less_out(clusters, tail):
    assert Bootstrap().tail(clusters) == pytest.approx(tail, abs=1e-4)


@pytest.mark.parametrize(
    ("metric", "values", "ends", "documents", "words"),
    [
        (
            "cer",
            (0.0421, 0.031),
            (-0.014, -0.008),
            87,
            "CER fell from 4.21 % to 3.10 %: −1.11 points, 95 % interval −1.40 … −0.80, 87 documents",
        ),
        (
            "word_f1",
            (0.9, 0.91),
            (-0.01, 0.03),
            87,
            "Word F1 rose from 90.00 % to 91.00 %: +1.00 points, 95 % interval −1.00 … +3.00, "
            "87 documents (may be chance)",
        ),
        (
            "seconds_per_page",
            (2.0, 0.5),
            (-1.6, -1.4),
            12,
            "Seconds per page fell from 2.00 s to 0.50 s: −1.50 s, 95 % interval −1.60 … −1.40, 12 documents",
        ),
        (
            "cer",
            (0, 0),
            (0, 0),
            9,
            "CER stayed at 0.00 %: 0.00 points, 95 % interval 0.00 … 0.00, 9 documents",
        ),
    ],
)
def test_plain_words(metric, values, ends, documents, words):
    assert in_words(metric, values, ends, (documents, documents), Bootstrap()) == words
