"""A contest: what is measured of both models is kept at once, and who is in use is known by content."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from recto.datasets.example import Example
from recto.engines.engine import Engine
from recto.engines.fake import FakeEngine
from recto.errors import RegistryError
from recto.evaluation.compare import with_baseline
from recto.evaluation.evaluate import evaluate
from recto.registry.gates import Verdict
from recto.registry.release import CARD, REPORT, Release, ReleaseCard
from recto.registry.store import release_folder
from recto.retraining import ledger
from recto.retraining.evidence import Contest, baseline_of, open_contest
from recto.retraining.history import read_history
from recto.retraining.record import CycleRecord
from recto.training.improve import BaseModels
from recto.training.progress import Silent
from recto.training.recipe import default_recipe
from recto.training.way import way_of
from recto.workspace.folder import Workspace
from recto.workspace.tables import ReleaseRow

from ..registry.conftest import Pages, Registry

Page = Callable[..., Example]


@pytest.fixture
def registry(workspace: Workspace, tmp_path: Path) -> Registry:
    (tmp_path / "pages").mkdir()
    return Registry(workspace, Pages(tmp_path / "pages"), tmp_path)


BASE = BaseModels(way_of(default_recipe()))


@dataclass(frozen=True)
class Fakes(BaseModels):
    """Models that read what they are told to."""

    old: Engine
    new: Engine

    def load(self, model: Path | None) -> Engine:
        return self.new if model else self.old


def kept(workspace: Workspace) -> CycleRecord:
    ledger.mark_interrupted(workspace)
    return read_history(workspace).cycles[-1]


def test_what_is_measured_is_kept_at_once(workspace: Workspace, page: Page) -> None:
    pages = [page(n, "bread 1.20") for n in range(3)]
    old, good = FakeEngine({"page_1.png": "bread 1.20"}), FakeEngine({e.image: "bread 1.20" for e in pages})
    before = evaluate(old, pages)
    cycle = ledger.begin(workspace, "general", ["asked by hand"])
    contest = Contest(workspace, "general", cycle, None, Fakes(BASE.way, old, good))
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
    assert {len(timing) for timing in evidence.timings} == {2}
    assert evidence.first is None, "there is no Release yet"
    contest.judged(evidence, [Verdict("better", passed=True, reason="fell")])
    third = kept(workspace)
    assert third.before and third.after and third.before.canary_cer == third.after.canary_cer == 1
    assert third.verdicts == [Verdict("better", passed=True, reason="fell")]


def test_the_model_in_use_is_known_by_its_content(workspace: Workspace) -> None:
    assert Contest(workspace, "general", 1, None, BASE).current_sha256 == BASE.way.base_sha256()


def reshaped(workspace: Workspace, release: Release) -> None:
    """The Release as another recto would have made it: whole, but with a Report of another shape."""
    folder = release_folder(workspace, release)
    for name in (REPORT, CARD):
        (folder / name).chmod(0o644)
    (folder / REPORT).write_text('{"schema_version": 99}')
    card = ReleaseCard.model_validate_json((folder / CARD).read_bytes())
    data = (folder / REPORT).read_bytes()
    stamp = card.files[REPORT].model_copy(update={"bytes": len(data), "sha256": sha256(data).hexdigest()})
    card = card.model_copy(update={"files": {**card.files, REPORT: stamp}})
    (folder / CARD).write_text(card.model_dump_json())
    with workspace.transaction() as session:
        row = session.get_one(ReleaseRow, release.number)
        row.content_sha256 = sha256((folder / CARD).read_bytes()).hexdigest()


def damaged(workspace: Workspace, release: Release) -> None:
    shutil.rmtree(release_folder(workspace, release))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (reshaped, "Release 1: report.json has another shape"),
        (damaged, "Release 1 isn't what was measured: release.json can't be read"),
    ],
)
def test_a_first_release_that_can_t_be_read_is_known_before_training(
    registry: Registry, spoil: Callable[[Workspace, Release], None], words: str
) -> None:
    first, second = registry.add(b"one"), registry.add(b"two")
    registry.promote(second.number)
    assert open_contest(registry.workspace, "general", 1, BASE).no_first == ""
    spoil(registry.workspace, first)
    contest = open_contest(registry.workspace, "general", 1, BASE)
    assert contest.first is None and contest.number == second.number
    assert words in contest.no_first


def test_a_damaged_model_in_use_is_no_opponent(registry: Registry) -> None:
    added = registry.add()
    registry.promote(added.number)
    damaged(registry.workspace, added)
    with pytest.raises(RegistryError, match="Release 1"):
        open_contest(registry.workspace, "general", 1, BASE)
