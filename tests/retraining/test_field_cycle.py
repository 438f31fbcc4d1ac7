"""A Cycle of a tagger: from labelled documents to the Release that finds fields, beside models that read."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Split
from recto.datasets.pages import content_hash
from recto.errors import RegistryError, TrainingError
from recto.extraction.loading import load_schema, schema_from_json
from recto.registry.extractors import in_use, tagger_for
from recto.registry.promotion import promote, withdraw
from recto.registry.reading import load_release
from recto.registry.store import (
    all_currents,
    current,
    currents,
    release,
    release_folder,
    releases,
    report_of,
)
from recto.retraining.field_cycle import FieldCycleResult, run_field_cycle
from recto.retraining.history import read_history
from recto.retraining.ledger import Wish
from recto.retraining.recipes import wished_recipe
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.provenance import releases_that_saw
from recto.workspace.tables import GENERAL, DocumentRow

from ..hard_receipts import hard_receipt

SCOPE = "fields:receipt"
WISH = Wish({"kind": "tagger", "penalties": [1.0]})
RECEIPT = load_schema("receipt")
COUNTS: dict[Split, int] = {"train": 10, "val": 2, "test": 8}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("shop") / "ws"
    create_workspace(root)
    (root / "recto.toml").write_text("[gates]\nmin_test_documents = 5\n")
    opened = open_workspace(root)
    splits = [split for split, count in COUNTS.items() for _ in range(count)]
    examples = [hard_receipt(number, split) for number, split in enumerate(splits)]
    assert not add_examples(opened, examples, shares=shares_of(opened.settings.split)).refused
    return opened


@pytest.fixture(scope="module")
def done(workspace: Workspace) -> FieldCycleResult:
    return run_field_cycle(workspace, SCOPE, ["asked by hand"], wish=WISH)


def test_what_finds_more_becomes_current_for_its_schema(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.release is not None, done.outcome
    assert [verdict.gate for verdict in done.verdicts] == [
        "enough_documents", "better", "fields", "trust", "speed",
    ]  # fmt: skip
    assert done.improvement is not None
    made = release(workspace, done.release)
    assert (made.scope, made.engine, made.error_rate) == (SCOPE, "tagger", None)
    assert made.mean_f1 == done.improvement.report.candidate.mean_f1
    tagger = tagger_for(RECEIPT, in_use(workspace, "receipt"))
    assert tagger.label.endswith(f"Release {done.release}") and tagger.rankers


def test_it_reads_nothing_and_no_reader_takes_its_place(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.release is not None
    made = release(workspace, done.release)
    assert all_currents(workspace) == {SCOPE: made.number}
    assert currents(workspace) == {} and current(workspace, GENERAL) is None
    with pytest.raises(RegistryError, match="reads no pages"):
        promote(workspace, made.number, scope=GENERAL, reason="a mistake")
    for use in (load_release, report_of):
        with pytest.raises(RegistryError, match="finds fields"):
            use(workspace, made)


def test_history_and_provenance_tell_of_it(workspace: Workspace, done: FieldCycleResult) -> None:
    cycle = read_history(workspace, SCOPE).cycles[0]
    assert (cycle.release, cycle.documents["splits"]) == (done.release, {"train": 10, "val": 2, "test": 8})
    assert cycle.before and cycle.after and done.improvement
    assert (cycle.after.headline, cycle.after.release) == ("mean_f1", done.release)
    assert cycle.after.score == done.improvement.report.candidate.mean_f1 > cycle.before.score
    with workspace.read() as session:
        seen = {split: releases_that_saw(session, sha256_of(workspace, split)) for split in COUNTS}
    assert {split: [(one.scope, one.split) for one in found] for split, found in seen.items()} == {
        split: [(SCOPE, split)] for split in COUNTS
    }


def sha256_of(workspace: Workspace, split: Split) -> str:
    with workspace.read() as session:
        return session.scalars(select(DocumentRow.sha256).where(DocumentRow.split == split).limit(1)).one()


def test_what_measures_was_never_trained_on(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.improvement is not None
    taught = {content_hash(hard_receipt(number)) for number in range(COUNTS["train"] + COUNTS["val"])}
    lines = (done.improvement.model.parent / "report.json").read_text()
    measured = {one.document for one in done.improvement.report.candidate.results}
    assert measured == {f"{number}.png" for number in range(12, 20)} and lines
    with workspace.read() as session:
        held = select(DocumentRow.sha256).where(DocumentRow.name.in_(measured))
        assert taught.isdisjoint(session.scalars(held))


def test_the_same_again_isnt_better_and_is_refused(workspace: Workspace, done: FieldCycleResult) -> None:
    again = run_field_cycle(workspace, SCOPE, ["asked by hand"], wish=WISH)
    assert again.improvement is not None
    assert again.release is None and again.outcome.startswith("refused by better")
    assert again.improvement.report.baseline is not None
    assert again.improvement.report.baseline.extractor.endswith(f"Release {done.release}")
    assert all_currents(workspace) == {SCOPE: done.release}


def test_where_it_cant_be_used_the_rules_are_and_say_why(
    workspace: Workspace, done: FieldCycleResult
) -> None:
    assert done.release is not None
    other = schema_from_json({**RECEIPT.json_schema, "title": "other"}, "receipt")
    label = tagger_for(other, in_use(workspace, "receipt")).label
    assert label == f"tagger, not trained (Release {done.release} is of another schema called receipt)"
    weights: Path = release_folder(workspace, release(workspace, done.release)) / "model" / "rankers.npz"
    whole = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(whole[:-1])
    label = tagger_for(RECEIPT, in_use(workspace, "receipt")).label
    assert label.startswith("tagger, not trained (Release") and "rankers.npz was changed" in label
    weights.write_bytes(whole)
    withdraw(workspace, SCOPE, reason="by hand")
    assert tagger_for(RECEIPT, in_use(workspace, "receipt")).label == "tagger, not trained"


def test_too_few_to_measure_on_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    opened = create_workspace(tmp_path / "ws")
    shares = shares_of(opened.settings.split)
    add_examples(opened, [hard_receipt(0, "train"), hard_receipt(1, "train")], shares=shares)
    with pytest.raises(TrainingError, match="no document to measure on has trusted fields of receipt"):
        run_field_cycle(opened, SCOPE, ["asked by hand"])
    add_examples(opened, [hard_receipt(2, "test")], shares=shares)
    refused = run_field_cycle(opened, SCOPE, ["asked by hand"])
    assert (refused.release, refused.improvement) == (None, None)
    assert "1 test documents with fields, 20 wanted" in refused.outcome
    with opened.read() as session:
        assert not any(session.scalars(select(DocumentRow.used_at))), "nothing was learnt from"


def test_it_learns_by_what_reads(workspace: Workspace, tmp_path: Path) -> None:
    """Without a Release that reads, the base weights do; a recipe that says what reads has its way."""
    assert wished_recipe(workspace, "fields:invoice", Wish()).model_dump()["fields_of"] == "invoice"
    (tmp_path / "tagger.yaml").write_text("kind: tagger\nengine: ppocr\npenalties: [2.0]\n")
    training = workspace.settings.training.model_copy(update={"tagger_recipe": tmp_path / "tagger.yaml"})
    settings = workspace.settings.model_copy(update={"training": training})
    other = replace(workspace, settings=settings)
    told = wished_recipe(other, SCOPE, Wish()).model_dump()
    assert (told["engine"], told["read_with"], told["penalties"]) == ("ppocr", None, (2.0,))


@pytest.mark.parametrize("stage", ["reading", "fitting", "measuring"])
def test_after_a_kill_the_next_one_goes_on(workspace: Workspace, stage: str, tmp_path: Path) -> None:
    """At each of its stages; nothing of it is current before, and one Release is there in the end."""
    root = tmp_path / "ws"
    shutil.copytree(workspace.path, root)
    opened = open_workspace(root)
    withdraw(opened, SCOPE, reason="to see one made")
    made = len(releases(opened))
    victim = Path(__file__).with_name("victim.py")
    command = [sys.executable, str(victim), str(root), stage, "0", str(tmp_path / "out"), SCOPE]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    assert current(opened, SCOPE, exact=True) is None
    done = run_field_cycle(opened, SCOPE, ["asked by hand"])
    killed, last = read_history(opened, SCOPE).cycles[-2:]
    assert (killed.state, last.state, last.run_folder) == ("interrupted", "released", killed.run_folder)
    assert [one.number for one in releases(opened)][made:] == [done.release]
