from dataclasses import replace

import pytest

from recto.documents.transcript import Finish
from recto.engines.fake import FakeEngine
from recto.errors import EngineError, EvaluationError
from recto.evaluation.evaluate import evaluate

from .conftest import PERFECT, WORSE, StumblingEngine


def test_a_perfect_reading(bench):
    report = bench.report(PERFECT)
    metrics = report.metrics
    assert (metrics.cer, metrics.wer, metrics.ned, metrics.failed) == (0, 0, 0, 0)
    assert metrics.word_f1 == metrics.accuracy == metrics.exact_match == metrics.rouge_l == 1
    assert metrics.bleu == pytest.approx(1)
    assert (metrics.documents, metrics.blank_pages, metrics.blank_page_hallucinations) == (4, 1, 0)
    assert report.engine == "fake 1"
    assert report.failures == []
    assert metrics.seconds_per_page > 0
    assert metrics.peak_memory_mb is None or metrics.peak_memory_mb > 10


def test_micro_figures_and_groups(bench):
    report = bench.report(WORSE)
    edits, characters = 1 + 4 + 2 + 5, 21 + 9 + 31
    assert report.metrics.reference_characters == characters
    assert report.metrics.cer == pytest.approx((edits + 0) / characters)
    assert report.by_category["invoice"].cer == 0
    assert report.by_category["receipt"].documents == 3
    assert report.by_category["receipt"].metrics.cer == report.by_category["receipt"].cer
    assert set(report.by_business) == {"shop"}
    assert report.metrics.blank_page_hallucinations == 1


def test_examples_without_trusted_text_are_skipped_and_counted(bench):
    unverified = replace(bench.example("scan.png", None), text_unverified="guess")
    report = evaluate(FakeEngine(PERFECT), [*bench.examples(), unverified])
    assert report.metrics.documents == report.dataset.measured == 4
    assert report.dataset.skipped_without_truth == 1
    with pytest.raises(EvaluationError, match="text_unverified"):
        evaluate(FakeEngine(), [unverified])


def test_what_cannot_be_opened_is_listed_and_scored_as_empty(bench):
    broken = bench.example("broken.png", "ten chars!")
    (bench.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnonsense")
    missing = bench.example("gone.png", "ten chars!")
    (bench.folder / "gone.png").unlink()
    examples = bench.examples()
    report = evaluate(FakeEngine(PERFECT), [broken, *examples[:2], missing, *examples[2:]])
    assert [d.document for d in report.documents[:4]] == ["broken.png", *list(PERFECT)[:2], "gone.png"]
    assert [d.document for d in report.failures] == ["broken.png", "gone.png"]
    assert all("png" in (d.failure or "") and d.cer == 1 and d.text == "" for d in report.failures)
    assert report.metrics.failed == 2
    assert report.metrics.cer == pytest.approx(20 / (20 + 61))


def test_a_page_that_the_engine_cannot_read_spoils_no_other(bench):
    examples = bench.examples()
    engine = StumblingEngine()
    report = evaluate(engine, [examples[0], bench.example("bad.png", "text"), *examples[1:]])
    assert [d.document for d in report.failures] == ["bad.png"]
    assert engine.calls == [3, 1, 1, 1, 2]
    assert all(d.cer == 0 for d in report.documents if d.failure is None)


class ForgetfulEngine(FakeEngine):
    """Loses the first transcript of each call."""

    def read(self, pages):
        """One Transcript too few."""
        return super().read(pages)[1:]


def test_an_engine_that_loses_a_transcript_is_told(bench):
    with pytest.raises(EngineError, match="transcripts for"):
        evaluate(ForgetfulEngine(PERFECT), bench.examples())


def test_progress_is_told_for_each_document(bench):
    told = []
    evaluate(FakeEngine(PERFECT), bench.examples(), progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_case_blind_labels_choose_the_headline_and_are_counted(bench):
    blind = [replace(e, case="upper", text=(e.text or "").upper()) for e in bench.examples()]
    report = evaluate(FakeEngine(PERFECT), blind)
    assert report.headline == "cer_casefold"
    assert report.metrics.case_blind == 4
    assert report.metrics.cer > 0
    assert report.metrics.cer_casefold == 0
    assert sum(report.errors.edits.values()) == 0
    assert bench.report(PERFECT).headline == "cer"


def test_loops_are_counted_unless_the_page_has_them(bench):
    loop = "thank you " * 30
    examples = [bench.example("loop.png", "thank you"), bench.example("poem.png", loop)]
    report = evaluate(FakeEngine({"loop.png": loop, "poem.png": loop}), examples)
    assert [d.repeating for d in report.documents] == [True, False]
    assert report.metrics.repetitions == 1


def test_lines_and_finish_are_kept(bench):
    result = bench.report(PERFECT).documents[0]
    assert [line.text for line in result.lines] == ["TOTAL 31.00", "THANK YOU"]
    assert result.lines[0].box == (0.0, 0.0, 60.0, 20.0)
    assert result.finish == Finish.COMPLETE


def test_capped_document_figures(bench):
    examples = [bench.example(f"{i}.png", "ab") for i in range(10)]
    report = evaluate(FakeEngine({"0.png": "x" * 500} | {f"{i}.png": "ab" for i in range(1, 10)}), examples)
    assert report.metrics.cer == pytest.approx(500 / 20)
    assert report.metrics.accuracy == 0
    assert report.metrics.cer_median == 0
    assert report.metrics.cer_p90 == pytest.approx(0.1)
