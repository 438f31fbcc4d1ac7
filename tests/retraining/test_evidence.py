"""A contest: what is measured of both models is kept at once, and who is in use is known by content."""

from collections.abc import Callable

from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.evaluation.compare import with_baseline
from recto.evaluation.evaluate import evaluate
from recto.registry.gates import Verdict
from recto.retraining import ledger
from recto.retraining.evidence import Contest, baseline_of
from recto.retraining.history import read_history
from recto.retraining.record import CycleRecord
from recto.training.identity import base_sha256
from recto.training.progress import Silent
from recto.workspace.folder import Workspace

Page = Callable[..., Example]


def kept(workspace: Workspace) -> CycleRecord:
    ledger.mark_interrupted(workspace)
    return read_history(workspace).cycles[-1]


def test_what_is_measured_is_kept_at_once(workspace: Workspace, page: Page) -> None:
    pages = [page(n, "bread 1.20") for n in range(3)]
    old, good = FakeEngine({"page_1.png": "bread 1.20"}), FakeEngine({e.image: "bread 1.20" for e in pages})
    before = evaluate(old, pages)
    cycle = ledger.begin(workspace, "general", ["asked by hand"])
    contest = Contest(workspace, "general", cycle, None, load_base=lambda model: good if model else old)
    contest.measured(before)
    first = kept(workspace)
    assert first.before is not None and first.after is None
    assert (first.before.score, first.before.release, first.before.canary_cer) == (20 / 30, None, None)
    report = with_baseline(evaluate(good, pages), before)
    contest.measured(report)
    second = kept(workspace)
    assert second.before == first.before and second.after is not None and second.after.score == 0

    evidence = contest.evidence(report, workspace.path / "model", pages, Silent())
    assert baseline_of(report).metrics.cer == evidence.current.metrics.cer == before.metrics.cer
    assert {len(lap) for lap in evidence.laps} == {2}
    assert evidence.first is None, "there is no Release yet"
    contest.judged(evidence, [Verdict("better", passed=True, reason="fell")])
    third = kept(workspace)
    assert third.before and third.after and third.before.canary_cer == third.after.canary_cer == 1
    assert third.verdicts == [Verdict("better", passed=True, reason="fell")]


def test_the_model_in_use_is_known_by_its_content(workspace: Workspace) -> None:
    assert Contest(workspace, "general", 1, None).current_sha256 == base_sha256()
