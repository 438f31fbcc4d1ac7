"""Whole Cycles, for real: one releases, one on shuffled labels is refused, and some fail."""

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from recto.datasets.corpus import add_examples, counts, shares_of, snapshot
from recto.datasets.corpus.gathering import Filing, gather
from recto.datasets.corpus.snapshot import look
from recto.datasets.example import Example
from recto.errors import RectoError, RegistryError, SettingsError, TrainingError, WorkspaceBusy
from recto.evaluation.evaluate import evaluate
from recto.registry.reading import load_release
from recto.registry.release import MODEL, REPORT
from recto.registry.store import current, release_folder, releases, verify
from recto.retraining import ledger
from recto.retraining.cycle import CycleResult, run_cycle
from recto.retraining.history import read_history
from recto.retraining.ledger import Wish
from recto.training.progress import Silent
from recto.workspace.folder import Workspace, open_workspace
from recto.workspace.locks import held
from recto.workspace.provenance import releases_that_saw
from recto.workspace.tables import CurrentRow, CycleRow, DocumentRow

Shop = Callable[..., Workspace]
Receipts = Callable[..., None]
Page = Callable[..., Example]
Add = Callable[..., None]


def nonsense(text: str) -> str:
    """The same letters in another order."""
    letters = list(text.replace(" ", "x"))
    random.Random(text).shuffle(letters)
    return "".join(letters)


@pytest.fixture(scope="module")
def done(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, CycleResult]:
    """A Cycle on a few receipts that the base model reads badly."""
    root = tmp_path_factory.mktemp("cycle") / "shop"
    workspace = shop(root, {"train": 6, "val": 2, "test": 6}, triggers={"first_run_documents": "2"})
    ledger.ask_for_cycle(workspace, "general", "please")
    return workspace, run_cycle(workspace, "general", ["first_run: 6 documents"])


@pytest.mark.slow
def test_a_better_model_is_released(done: tuple[Workspace, CycleResult]) -> None:
    workspace, result = done
    assert result.release == 1 and all(verdict.passed for verdict in result.verdicts), result.outcome
    in_use = current(workspace, "general")
    assert in_use is not None and (in_use.number, in_use.cycle_id) == (1, result.cycle)
    assert result.improvement is not None
    report = result.improvement.report
    assert report.baseline is not None and report.metrics.cer < 0.8 * report.baseline.cer


@pytest.mark.slow
def test_the_release_serves_what_was_measured(done: tuple[Workspace, CycleResult]) -> None:
    workspace, result = done
    in_use = current(workspace, "general")
    assert in_use is not None
    assert result.improvement is not None
    read = evaluate(load_release(workspace, in_use), snapshot(workspace, "general").split("test"))
    assert [d.text for d in read.documents] == [d.text for d in result.improvement.report.documents]
    ours = {path.name: path.read_bytes() for path in result.improvement.model.iterdir()}
    kept = {path.name: path.read_bytes() for path in (release_folder(workspace, in_use) / MODEL).iterdir()}
    assert ours == kept


@pytest.mark.slow
def test_it_is_known_which_documents_the_release_saw(done: tuple[Workspace, CycleResult]) -> None:
    workspace, result = done
    with workspace.read() as session:
        for row in session.scalars(select(DocumentRow)):
            (seen,) = releases_that_saw(session, row.sha256)
            assert (seen.release, seen.cycle, seen.split) == (1, result.cycle, row.split)


@pytest.mark.slow
def test_history_keeps_everything(done: tuple[Workspace, CycleResult]) -> None:
    workspace, result = done
    row = read_history(workspace).cycles[0]
    assert (row.cycle, row.state, row.release) == (result.cycle, "released", 1)
    assert row.documents["splits"] == {"train": 6, "val": 2, "test": 6}
    assert row.recipe["epochs"] == 3 and row.run_folder == "runs/0001"
    assert row.before is not None and row.after is not None
    assert row.after.score < row.before.score and row.before.release is None and row.after.release == 1
    assert row.after.canary_cer is not None
    assert row.seconds and row.peak_memory_mb and row.cost is None
    assert len(row.data_fingerprint) == 64
    assert [said.gate for said in row.verdicts] == [verdict.gate for verdict in result.verdicts]
    with workspace.read() as session:
        assert ledger.open_requests(session, "general") == ()


@pytest.mark.slow
def test_a_damaged_release_that_never_was_current_is_stored_anew(
    done: tuple[Workspace, CycleResult], tmp_path: Path
) -> None:
    """As after a kill between storing it and making it current, and a bad sector since."""
    workspace = open_workspace(shutil.copytree(done[0].path, tmp_path / "shop"))
    with workspace.transaction() as session:
        session.execute(delete(CurrentRow))
        session.execute(update(CycleRow).values(state="interrupted"))
    report = release_folder(workspace, releases(workspace)[0]) / REPORT
    report.chmod(0o644)
    report.write_text("{}")
    result = run_cycle(workspace, "general", ["asked by hand"])
    assert (result.release, result.cycle) == (2, 2)
    said = next(verdict.reason for verdict in result.verdicts if verdict.gate == "categories")
    assert "it isn't known what was before the first Release: Release 1" in said
    with pytest.raises(RegistryError, match="Release 1"):
        verify(workspace, releases(workspace)[0])


@pytest.mark.slow
def test_a_damaged_model_in_use_is_told_before_anything_is_learnt(
    done: tuple[Workspace, CycleResult], tmp_path: Path
) -> None:
    workspace = open_workspace(shutil.copytree(done[0].path, tmp_path / "shop"))
    (release_folder(workspace, releases(workspace)[0]) / MODEL / "model.json").unlink()
    with pytest.raises(RegistryError, match="Release 1"):
        run_cycle(workspace, "general", ["asked by hand"])
    cycle = read_history(workspace).cycles[-1]
    assert (cycle.state, cycle.run_folder) == ("failed", "")


@pytest.mark.slow
def test_a_refused_candidate_is_kept_and_the_old_release_stays(
    done: tuple[Workspace, CycleResult], receipts: Receipts
) -> None:
    workspace, _ = done
    receipts(workspace, {"train": 6, "val": 2}, label=nonsense)
    result = run_cycle(workspace, "general", ["asked by hand"])
    assert result.release is None and "refused by better" in result.outcome
    in_use = current(workspace, "general")
    assert in_use is not None and in_use.number == 1
    assert len(releases(workspace)) == 1
    row = read_history(workspace).cycles[-1]
    assert (row.state, row.release, row.outcome) == ("refused", None, result.outcome)
    assert {said.gate for said in row.verdicts if not said.passed} >= {"better"}
    assert row.before is not None and row.before.release == 1
    assert (workspace.path / row.run_folder / "model").is_dir(), "the refused candidate is kept"


def test_too_few_documents_end_as_failed(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test", business="legal"))
    with pytest.raises(TrainingError, match="no trusted documents to measure on"):
        run_cycle(workspace, "general", ["asked by hand"])
    with pytest.raises(TrainingError, match="no trusted documents to learn from"):
        run_cycle(workspace, "legal", ["asked by hand"])
    rows = read_history(workspace).cycles
    assert [row.state for row in rows] == ["failed", "failed"]
    assert all(row.outcome and "no trusted documents" in row.outcome and row.ended_at for row in rows)


def test_history_tells_what_failed_without_paths_and_hints(
    workspace: Workspace, page: Page, add: Add
) -> None:
    add(workspace, page(1, "a", split="train"))
    with pytest.raises(TrainingError, match="hint: put documents with their text into a folder `test`"):
        run_cycle(workspace, "general", ["asked by hand"])
    outcome = read_history(workspace).cycles[0].outcome
    assert outcome == "scope 'general' has no trusted documents to measure on (split test)"


def used(workspace: Workspace) -> set[str]:
    with workspace.read() as session:
        return {row.name for row in session.scalars(select(DocumentRow)) if row.used_at is not None}


def test_nothing_is_marked_before_it_trains(workspace: Workspace, page: Page, add: Add) -> None:
    """None to measure on, too few, one too few to choose by: what is added as test after that still is."""
    pages = [page(n, "a", split="train") for n in range(1, 4)]
    add(workspace, *pages[:2])
    with pytest.raises(TrainingError, match="to measure on"):
        run_cycle(workspace, "general", ["asked by hand"])
    add(workspace, replace(pages[0], split="test"))
    assert run_cycle(workspace, "general", ["asked by hand"]).release is None
    with pytest.raises(TrainingError, match="one document \\(or group\\) is too little"):
        run_cycle(workspace, "general", ["asked by hand"], wish=Wish(test_mode=True))
    assert used(workspace) == set()
    add(workspace, replace(pages[1], split="test"), pages[2])
    assert [e.split for e in look(workspace, "general").examples] == ["test", "test", "train"]
    assert counts(workspace).aside == 0


def test_the_hint_how_to_add_test_documents_is_true(workspace: Workspace, page: Page, tmp_path: Path) -> None:
    source = page(1, None).source
    assert isinstance(source, bytes)
    (tmp_path / "more" / "test").mkdir(parents=True)
    (tmp_path / "more" / "test" / "a.png").write_bytes(source)
    (tmp_path / "more" / "test" / "a.txt").write_text("bread 1.20")
    found = gather([str(tmp_path / "more")], Filing())
    add_examples(workspace, found.examples, shares=shares_of(workspace.settings.split))
    assert [(e.text, e.split) for e in look(workspace, "general").examples] == [("bread 1.20", "test")]


def test_too_few_test_documents_are_refused_before_training(
    workspace: Workspace, page: Page, add: Add
) -> None:
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test"))
    result = run_cycle(workspace, "general", ["asked by hand"])
    assert (result.release, result.improvement) == (None, None)
    assert [verdict.gate for verdict in result.verdicts] == ["enough_documents"]
    row = read_history(workspace).cycles[0]
    assert row.state == "refused" and row.outcome and "19 more are missing" in row.outcome
    assert not list(workspace.runs.iterdir())
    with workspace.read() as session:
        assert ledger.last_run(session, "general") is None, "nothing was trained"


def test_what_is_left_of_a_dead_process_is_marked(workspace: Workspace) -> None:
    left = ledger.begin(workspace, "general", ["asked by hand"])
    with pytest.raises(TrainingError):
        run_cycle(workspace, "general", ["asked by hand"])
    assert [(row.cycle, row.state) for row in read_history(workspace).cycles] == [
        (left, "interrupted"),
        (left + 1, "failed"),
    ]


class StoppedAtOnce(Silent):
    """Somebody presses Ctrl-C when the Run has just begun."""

    def stage(self, name: str, total: int) -> None:
        raise KeyboardInterrupt


def run_folder_of_next(workspace: Workspace) -> str:
    """Where the Run of a Cycle goes, which is stopped at once."""
    with pytest.raises(KeyboardInterrupt):
        run_cycle(workspace, "general", ["asked by hand"], StoppedAtOnce(), wish=Wish(test_mode=True))
    return read_history(workspace).cycles[-1].run_folder


@pytest.fixture
def trainable(workspace: Workspace, page: Page, add: Add) -> Workspace:
    """A workspace with just enough to begin a Run in test mode."""
    splits = ("train", "train", "val", "test")
    add(workspace, *(page(n, f"bread {n}", split=split) for n, split in enumerate(splits)))
    return workspace


def test_a_folder_that_is_there_already_is_nobody_s_hindrance(trainable: Workspace) -> None:
    """As after an older database was put back beside newer runs."""
    for name in ("0001", "0002"):
        (trainable.runs / name).mkdir(parents=True)
        (trainable.runs / name / "run.json").write_text("of a newer time")
    assert run_folder_of_next(trainable) == "runs/0003"
    assert run_folder_of_next(trainable) == "runs/0003", "it goes on"
    assert (trainable.runs / "0001" / "run.json").read_text() == "of a newer time"


@pytest.mark.parametrize(
    "change",
    [{"verb": "train"}, {"fingerprint": "f00"}, {"recipe": {"epochs": 77}}, {"code": "0.0.1"}, None],
    ids=lambda change: next(iter(change)) if change else "not readable",
)
def test_a_cycle_goes_on_only_with_a_run_of_its_own(
    trainable: Workspace, change: dict[str, object] | None
) -> None:
    card = trainable.path / run_folder_of_next(trainable) / "run.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change) if change else "{")
    assert run_folder_of_next(trainable) == "runs/0002"


def test_one_cycle_at_a_time(workspace: Workspace) -> None:
    what = "a Cycle of scope legal"
    with held(workspace.path / ledger.TRAIN_LOCK, what=what), pytest.raises(WorkspaceBusy, match=what):
        run_cycle(workspace, "general", ["asked by hand"])
    assert read_history(workspace).cycles == []


def test_an_unknown_scope_is_no_cycle(workspace: Workspace) -> None:
    with pytest.raises(RectoError, match="bakery"):
        run_cycle(workspace, "bakery", ["asked by hand"])
    assert read_history(workspace).cycles == []


def test_a_request_of_another_recto_is_a_failed_cycle(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test"))
    with pytest.raises(SettingsError, match="replay_force"):
        run_cycle(workspace, "general", ["asked by hand"], wish=Wish({"replay_force": 3}))
    cycle = read_history(workspace).cycles[0]
    assert (cycle.state, cycle.outcome) == (
        "failed",
        "this recto can't train by the recipe that was asked for: replay_force: there is no such setting",
    )


def test_a_cycle_trains_as_wished(workspace: Workspace, page: Page, add: Add) -> None:
    """It is refused for want of test documents, but says by then what it would have done."""
    add(workspace, page(1, "a", split="train"), page(2, "b", split="test"))
    run_cycle(workspace, "general", ["asked by hand"], wish=Wish({"epochs": 2, "seed": 5}))
    recipe = read_history(workspace).cycles[0].recipe
    assert (recipe["epochs"], recipe["seed"]) == (2, 5)


def test_a_wrong_recipe_is_a_failed_cycle(workspace: Workspace, page: Page, add: Add) -> None:
    toml = (workspace.path / "recto.toml").read_text() + '[training]\nrecipe = "recipe.yaml"\n'
    (workspace.path / "recto.toml").write_text(toml)
    (workspace.path / "recipe.yaml").write_text("epoch: 3\n")
    opened = open_workspace(workspace.path)
    with pytest.raises(SettingsError, match="epoch"):
        run_cycle(opened, "general", ["asked by hand"])
    assert read_history(opened).cycles[0].state == "failed"
