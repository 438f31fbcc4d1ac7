"""`recto improve`, `status` and `history` for the loop of a tagger, without any training."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example
from recto.errors import RectoError
from recto.retraining import ledger
from recto.retraining.ledger import Beginning, Ending, Findings, Wish
from recto.retraining.record import Measurement
from recto.workspace.folder import Workspace, create_workspace, open_workspace

SCOPE = "fields:receipt"
RECIPE = "kind: tagger\nfields_of: parcel.json\npenalties: [2.0]\n"
SCHEMA = '{"type": "object", "properties": {"weight": {"type": "string"}}}'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One with three documents that have fields, two of them in train."""
    create_workspace(tmp_path / "shop")
    toml = "[triggers]\nfirst_run_documents = 2\n[gates]\nmin_test_documents = 1\n"
    (tmp_path / "shop" / "recto.toml").write_text(toml)
    made = open_workspace(tmp_path / "shop")
    pages = []
    for seed in range(3):
        stream = io.BytesIO()
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(stream, "PNG")
        split, fields = "train" if seed else "test", {"total": f"{seed}.00"}
        pages.append(Example(f"{seed}.png", stream.getvalue(), None, "receipt", split=split, fields=fields))  # type: ignore[arg-type]
    assert not add_examples(made, pages, shares=shares_of(made.settings.split)).refused
    return made


def call(workspace: Workspace, *words: str) -> Result:
    command = [*words, "--workspace", str(workspace.path)]
    return CliRunner().invoke(verbs.app, command, catch_exceptions=False, env={"COLUMNS": "200"})


def test_status_tells_of_the_loop(workspace: Workspace) -> None:
    shown = call(workspace, "status").output
    general, _, tagger = shown.partition(f"scope {SCOPE}")
    assert "scope general" in general
    assert "train 2, val 0, test 1 with trusted fields; 3 new since the last run" in tagger
    assert "not trained" in tagger and "mix" not in tagger and "queue" not in tagger
    assert "no run yet, 2 documents with trusted fields to train on, 2 wanted" in tagger
    assert f"recto improve --scope {SCOPE} runs one" in tagger


def test_a_request_is_left_for_the_loop(workspace: Workspace) -> None:
    assert "waits for recto loop" in call(workspace, "improve", "--later", "--scope", SCOPE).output
    with pytest.raises(RectoError, match="no loop looks after fields:letter"):
        call(workspace, "improve", "--later", "--scope", "fields:letter")
    done = call(workspace, "improve", "--later", "--scope", SCOPE, "--test-mode")
    assert done.exit_code == 2 and "not for what finds fields" in " ".join(done.output.split())
    with pytest.raises(RectoError, match="is a setting of kind"):
        call(workspace, "improve", "--later", "--scope", SCOPE, "--epochs", "3")
    with workspace.read() as session:
        assert [one.wish for one in ledger.open_requests(session, SCOPE)] == [Wish()]


def test_a_recipe_says_whose_loop_it_is_wherever_that_runs(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tagger.yaml").write_text(RECIPE)
    Path("parcel.json").write_text(SCHEMA)
    toml = workspace.path / "recto.toml"
    toml.write_text(f'{toml.read_text()}[training]\ntagger_recipe = "{tmp_path / "tagger.yaml"}"\n')
    (workspace.path / "parcel.json").write_text(SCHEMA)
    assert call(workspace, "improve", "--later", "--recipe", "tagger.yaml").exit_code == 0
    with workspace.read() as session:
        (request,) = ledger.open_requests(session, "fields:parcel")
    assert request.wish.recipe == {
        "kind": "tagger",
        "fields_of": str(tmp_path / "parcel.json"),
        "penalties": [2.0],
    }


def test_history_says_that_its_figures_are_f1(workspace: Workspace, tmp_path: Path) -> None:
    number = ledger.begin(workspace, SCOPE, ["asked by hand"])
    ledger.describe(workspace, number, Beginning("f00", {"splits": {"train": 2}}, {}, "runs/0001"))
    sides = [
        Measurement(
            engine="tagger", release=None, headline="mean_f1", metrics={"mean_f1": f1}, by_category={}
        )
        for f1 in (0.5, 0.75)
    ]
    with workspace.transaction() as session:
        ledger.note(session, number, Findings(*sides))
        ledger.end(session, number, Ending("refused", "as it is", seconds=2.0))
    shown = call(workspace, "history", "--scope", SCOPE, "--plot", str(tmp_path / "history.png"))
    assert shown.exit_code == 0 and (tmp_path / "history.png").stat().st_size > 1000
    assert "F1 75.00%" in call(workspace, "history").output
