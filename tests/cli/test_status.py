"""`recto status`, `recto history` and the flags of `recto improve` in a workspace, without any training."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.errors import RectoError
from recto.registry.gates import Verdict
from recto.retraining import ledger
from recto.retraining.history import read_history
from recto.retraining.ledger import Beginning, Ending, Findings, Wish
from recto.retraining.record import Measurement, history_from_json
from recto.retraining.status import Status
from recto.workspace.folder import Workspace, create_workspace, open_workspace

runner = CliRunner()


def noise(seed: int) -> bytes:
    stream = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def page(seed: int, text: str | None, split: Split | None = None, business: str | None = None) -> Example:
    name = f"receipt_{seed}.png"
    return Example(name, noise(seed), text, category="receipt", split=split, business=business)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    create_workspace(tmp_path / "shop")
    (tmp_path / "shop" / "recto.toml").write_text(
        '[triggers]\nscopes = ["legal"]\nfirst_run_documents = 2\n[gates]\nmin_test_documents = 1\n'
    )
    made = open_workspace(tmp_path / "shop")
    pages = [
        page(1, "a", "train"),
        page(2, "b", "train", "shop"),
        page(3, "c", "test"),
        page(4, None),
        page(5, "d", "train", "legal"),
        *(page(n, f"test {n}", "test") for n in range(6, 10)),
    ]
    add_examples(made, pages, shares=shares_of(made.settings.split))
    return made


def call(workspace: Workspace, *words: str) -> Result:
    command = [*words, "--workspace", str(workspace.path)]
    return runner.invoke(verbs.app, command, catch_exceptions=False, env={"COLUMNS": "200"})


def cycle(workspace: Workspace, state: str, cer: float, release: int | None = None) -> None:
    """A Cycle of the general scope that ended so."""
    number = ledger.begin(workspace, "general", ["asked by hand"])
    splits = {"splits": {"train": 2, "test": 1}}
    ledger.describe(workspace, number, Beginning("f00", splits, {"epochs": 4}, f"runs/{number:04d}"))

    def measured(value: float, of: int | None) -> Measurement:
        figures = {"cer": value, "cer_casefold": value}
        return Measurement(engine="e", release=of, headline="cer", metrics=figures, by_category={})

    said = [Verdict("better", passed=state == "released", reason="as it is")]
    ending = Ending(state, "as it is", release, 61.0, 900.0, 0.25)  # type: ignore[arg-type]
    with workspace.transaction() as session:
        ledger.note(session, number, Findings(measured(0.04, None), measured(cer, release), said))
        ledger.end(session, number, ending)


def test_status_tells_what_each_trigger_says(workspace: Workspace) -> None:
    shown = call(workspace, "status").output
    for words in (
        "scope general",
        "scope legal",
        "train 2, val 0, test 5",
        "2 documents to train on, 2 wanted",
    ):
        assert words in shown
    assert "1 without trusted text, 1 of them not read yet" in shown
    assert "the base weights" in shown and "A Cycle is due" in shown
    assert "1 document to train on, 2 wanted: 1 more are missing" in shown


def test_status_as_json(workspace: Workspace) -> None:
    cycle(workspace, "refused", 0.05)
    ledger.ask_for_cycle(workspace, "general", "please")
    read = Status.model_validate_json(call(workspace, "status", "--json").output)
    general, legal = read.scopes
    assert (general.documents, general.queued, general.unread) == ({"train": 2, "test": 5}, 1, 1)
    assert general.requests == ["please"] and legal.requests == []
    assert general.last_cycle is not None and general.last_cycle.state == "refused"
    assert {answer.trigger: answer.due for answer in general.triggers}["first_run"] is False
    assert (general.mix[0].category, general.mix[0].wanted) == ("receipt", 0.4)
    assert read.training is None


def test_a_cycle_whose_process_is_gone_is_not_called_running(workspace: Workspace) -> None:
    ledger.begin(workspace, "general", ["asked by hand"])
    shown = call(workspace, "status").output
    assert "interrupted: its process is gone" in shown and "a Cycle is running" not in shown
    told = call(workspace, "history").output
    assert "interrupted" in told and "running" not in told


def test_history_as_table_json_and_picture(workspace: Workspace, tmp_path: Path) -> None:
    cycle(workspace, "released", 0.03, release=1)
    cycle(workspace, "refused", 0.05)
    table = call(workspace, "history").output
    assert "release 1" in table and "refused (better)" in table and "4.00%" in table and "3.00%" in table
    text = call(workspace, "history", "--json").output
    assert history_from_json(text) == read_history(workspace)
    assert call(workspace, "history", "--plot", str(tmp_path / "history.png")).exit_code == 0
    with Image.open(tmp_path / "history.png") as picture:
        assert picture.format == "PNG"


def test_no_history_yet(workspace: Workspace) -> None:
    assert "no Cycle yet" in call(workspace, "history").output
    assert json.loads(call(workspace, "history", "--json").output)["cycles"] == []


def test_a_request_for_later(workspace: Workspace) -> None:
    shown = call(workspace, "improve", "--later", "--scope", "legal")
    assert "request 1 for scope legal waits" in shown.output
    with workspace.read() as session:
        assert [r.wish for r in ledger.open_requests(session, "legal")] == [Wish()]


def test_a_request_for_later_keeps_what_was_said(workspace: Workspace, tmp_path: Path) -> None:
    """Also where that is the default today: another recto may run the Cycle, with other defaults."""
    (tmp_path / "r.yaml").write_text("kind: ctc\nepochs: 9\nviews: 1\n")
    flags = ("--later", "--recipe", str(tmp_path / "r.yaml"), "--epochs", "2", "--seed", "5", "--test-mode")
    assert call(workspace, "improve", *flags).exit_code == 0
    (tmp_path / "r.yaml").unlink()
    with workspace.read() as session:
        (request,) = ledger.open_requests(session, "general")
    assert request.wish == Wish({"kind": "ctc", "seed": 5, "epochs": 2, "views": 1}, test_mode=True)
    assert (
        "asked by hand, with kind ctc, seed 5, epochs 2, views 1, test mode"
        in call(workspace, "status").output
    )


def test_a_wrong_recipe_isn_t_left_for_later(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("epoch: 9\n")
    with pytest.raises(RectoError, match="epoch"):
        call(workspace, "improve", "--later", "--recipe", str(tmp_path / "r.yaml"))
    with workspace.read() as session:
        assert ledger.open_requests(session, "general") == ()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "run"], "only with DATASET"),
        (["--overwrite"], "only with DATASET"),
        (["--resume"], "only with DATASET"),
        (["data", "--out", "run", "--scope", "legal"], "only without DATASET"),
        (["data", "--out", "run", "--test-mode"], "only without DATASET"),
        (["data", "--out", "run", "--later"], "only without DATASET"),
        (["data"], "--out DIR says where"),
    ],
)
def test_flags_that_mean_nothing_are_refused(workspace: Workspace, words: list[str], message: str) -> None:
    done = call(workspace, "improve", *words)
    assert done.exit_code == 2 and message in " ".join(done.output.split())


def test_an_unknown_scope_is_our_error(workspace: Workspace) -> None:
    with pytest.raises(RectoError, match="bakery"):
        call(workspace, "improve", "--scope", "bakery")


def test_a_failed_cycle_says_why_and_is_kept(workspace: Workspace) -> None:
    with pytest.raises(RectoError, match="no trusted documents to measure on"):
        call(workspace, "improve", "--scope", "legal")
    assert read_history(workspace).cycles[0].state == "failed"


def test_too_few_to_measure_on_says_how_to_add_some(workspace: Workspace) -> None:
    toml = workspace.path / "recto.toml"
    toml.write_text(toml.read_text().replace("min_test_documents = 1", "min_test_documents = 7"))
    done = call(workspace, "improve")
    assert done.exit_code == 1 and "5 test documents, 7 wanted: 2 more are missing" in done.output
    assert "hint: put documents with their text into a folder `test`" in done.output


def test_no_workspace_here(tmp_path: Path) -> None:
    for verb in ("status", "history", "loop"):
        with pytest.raises(RectoError, match="no workspace here"):
            runner.invoke(verbs.app, [verb, "--workspace", str(tmp_path)], catch_exceptions=False)
