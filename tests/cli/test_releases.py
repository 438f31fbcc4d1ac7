"""`recto releases` and `--model` as a person uses them, in a workspace with three Releases."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.cli.model_option import chosen_weights, current_weights
from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, write_model
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import EngineError, ModelFolderError, RectoError, RegistryError, WorkspaceError
from recto.evaluation.evaluate import evaluate
from recto.registry.gates import Verdict
from recto.registry.release import Origin
from recto.registry.store import add_release
from recto.workspace.folder import create_workspace, open_workspace

runner = CliRunner()
Call = Callable[..., Result]


def call(*words: object, **environment: str) -> Result:
    """Run the command line; our own errors rise."""
    variables = {"COLUMNS": "120", "NO_COLOR": "1", **environment}
    return runner.invoke(verbs.app, [str(word) for word in words], env=variables, catch_exceptions=False)


@dataclass(frozen=True)
class Place:
    """A workspace, a page in it, and the model folder of its Releases."""

    folder: Path
    page: Path
    model: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Releases 1 and 3 of scope general, 2 of scope legal; none is current."""
    root = tmp_path_factory.mktemp("releases")
    create_workspace(root / "work")
    settings = root / "work" / "recto.toml"
    settings.write_text(settings.read_text().replace("scopes = []", 'scopes = ["legal"]'))
    workspace = open_workspace(root / "work")
    (root / "work" / "in").mkdir()
    page = root / "work" / "in" / "page.png"
    Image.new("RGB", (60, 40), "white").save(page)
    weights = weights_path(RECOGNISER_FILE)
    card = ModelCard(
        engine="ppocr", base=BaseWeights(name=BASE, sha256=sha256_of(weights)), characters="abc "
    )
    model = write_model(root / "model", card, {RECOGNISER: weights.read_bytes()}).path
    example = Example(image="page.png", source=page, text="some words", category="receipt")
    for number, scope in enumerate(("general", "legal", "general"), start=1):
        report = evaluate(FakeEngine({"page.png": "some words"[: 4 + 2 * number]}), [example])
        origin = Origin(
            "d" * 64, {"epochs": number}, "0.1.0", card.base.sha256,
            verdicts=[Verdict("better", number > 1, f"reason {number}")],
        )  # fmt: skip
        add_release(workspace, scope, model, report, origin)
    return Place(root / "work", page, model)


@pytest.fixture
def place(made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of that workspace to change, and we are in it."""
    monkeypatch.delenv("RECTO_WORKSPACE", raising=False)
    folder = tmp_path / "work"
    shutil.copytree(made.folder, folder)
    monkeypatch.chdir(folder)
    return Place(folder, folder / "in" / "page.png", made.model)


def test_the_list_marks_the_current_ones(place: Place) -> None:
    shown = call("releases").output
    assert "none is current" in shown
    call("releases", "promote", 1)
    call("releases", "promote", 2)
    shown = call("releases").output
    rows = {row.split("│")[1].strip(): row for row in shown.splitlines() if row.startswith("│")}
    assert "* general" in rows["1"]
    assert "* legal" in rows["2"]
    assert "*" not in rows["3"]
    assert "40.00 %" in rows["1"]
    assert "legal" not in call("releases", "--scope", "general").output


def test_the_list_as_json(place: Place) -> None:
    call("releases", "promote", 3)
    found = json.loads(call("releases", "list", "--json").output)
    assert [(r["number"], r["scope"], r["current_for"]) for r in found] == [
        (1, "general", []), (2, "legal", []), (3, "general", ["general"]),
    ]  # fmt: skip
    assert found[2]["metrics"]["cer"] == 0
    assert json.loads(call("releases", "--json", "--scope", "legal").output)[0]["number"] == 2


def test_an_empty_workspace_says_what_to_do(tmp_path: Path) -> None:
    create_workspace(tmp_path / "new")
    assert "no Releases yet" in call("releases", "--workspace", tmp_path / "new").output


def test_outside_a_workspace_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match="no workspace here"):
        call("releases")


def test_the_workspace_by_flag_and_by_environment(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "general" in call("releases", "--workspace", place.folder).output
    assert "general" in call("releases", RECTO_WORKSPACE=str(place.folder / "in")).output


def test_flags_before_the_subcommand_are_refused_not_dropped(place: Place) -> None:
    done = call("releases", "--scope", "legal", "show", 1)
    assert done.exit_code == 2
    assert "after the subcommand" in done.output


def test_show_tells_origin_verdicts_and_history(place: Place) -> None:
    call("releases", "promote", 1)
    call("releases", "promote", 3, "--reason", "quarterly review")
    shown = call("releases", "show", 3).output
    for words in (
        "CER 0.00 %",
        "PP-OCRv6-small",
        "passed",
        "better: reason 3",
        "quarterly review",
        "verified",
    ):
        assert words in shown
    assert "refused" in call("releases", "show", 1).output
    told = json.loads(call("releases", "show", 3, "--json").output)
    assert told["verdicts"] == [{"gate": "better", "passed": True, "reason": "reason 3"}]
    assert told["promotions"][0]["previous"] == 1
    assert told["current_for"] == ["general"]
    assert f"model/{RECOGNISER}" in told["files"]


def test_promote_and_roll_back(place: Place) -> None:
    assert call("releases", "promote", 1).output == "Release 1 is now current for scope general\n"
    assert "in place of 1" in call("releases", "promote", 3).output
    assert "already" in call("releases", "promote", 3).output
    assert "Release 1 is now current for scope general, in place of 3" in call("releases", "rollback").output
    assert "Release 3 is now" in call("releases", "rollback", "--to", 3).output
    assert (
        "Release 3 is now current for scope legal"
        in call("releases", "promote", 3, "--scope", "legal").output
    )
    with pytest.raises(RegistryError, match="first for scope 'legal'"):
        call("releases", "rollback", "--scope", "legal")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", 9), "no Release 9"),
        (("promote", 9), "no Release 9"),
        (("promote", 1, "--scope", "leagl"), "no scope 'leagl'"),
        (("rollback",), "no Release was ever current"),
        (("rollback", "--scope", "leagl"), "no scope 'leagl'"),
        (("export", 9, "--out", "x"), "no Release 9"),
        (("diff", 1, 9), "no Release 9"),
        (("list", "--scope", "leagl"), "no scope 'leagl'"),
    ],
)
def test_what_can_not_work_is_our_error_with_a_hint(
    place: Place, words: tuple[object, ...], message: str
) -> None:
    with pytest.raises(RegistryError, match=message) as caught:
        call("releases", *words)
    assert caught.value.hint


def test_diff(place: Place) -> None:
    shown = call("releases", "diff", 1, 3).output
    assert "recipe.epochs" in shown
    assert "1 test documents in common: 1 better" in shown
    assert "page.png" in shown
    told = json.loads(call("releases", "diff", 1, 3, "--json").output)
    assert told["changes"] == [{"name": "recipe.epochs", "before": "1", "after": "3"}]
    assert told["movements"][0]["after"] == 0


def test_an_export_works_with_model_anywhere(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "exported"
    assert str(out) in call("releases", "export", 1, "--out", out).output
    monkeypatch.chdir(tmp_path)
    done = call("read", place.page, "--model", out)
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["release"] is None
    assert (out / "NOTICE").is_file()


def release_read(done: Result) -> str | None:
    """Which Release its one Transcript names."""
    assert done.exit_code == 0, done.output
    named: str | None = json.loads(done.stdout)["release"]
    return named


def test_read_takes_the_current_release_of_the_workspace_and_says_so(place: Place) -> None:
    done = call("read", place.page)
    assert release_read(done) is None
    assert "no Release is current" in done.stderr
    assert "base model" in done.stderr
    call("releases", "promote", 3)
    done = call("read", place.page)
    assert release_read(done) == "3"
    assert "reading with Release 3 (general: CER 0.00 %" in done.stderr


def test_read_by_number_by_scope_and_by_base(place: Place) -> None:
    call("releases", "promote", 3)
    assert release_read(call("read", place.page, "--model", "1")) == "1"
    assert release_read(call("read", place.page, "--model", "0002")) == "2"
    assert release_read(call("read", place.page, "--model", "current")) == "3"
    general_for_legal = call("read", place.page, "--model", "current:legal")
    assert release_read(general_for_legal) == "3"
    assert "Release 3 (general" in general_for_legal.stderr
    call("releases", "promote", 2)
    assert release_read(call("read", place.page, "--model", "current:legal")) == "2"
    base = call("read", place.page, "--model", "base")
    assert (release_read(base), base.stderr) == (None, "")
    folder = call("read", place.page, "--model", place.model)
    assert (release_read(folder), folder.stderr) == (None, "")


def test_outside_a_workspace_nothing_changes(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No word about Releases; and a folder is a folder, whatever its name."""
    call("releases", "promote", 3)
    monkeypatch.chdir(tmp_path)
    done = call("read", place.page)
    assert (release_read(done), done.stderr) == (None, "")
    shutil.copytree(place.model, tmp_path / "3")
    assert release_read(call("read", place.page, "--model", "3")) is None
    with pytest.raises(RegistryError, match="Release of a workspace, and there is none here") as caught:
        call("read", place.page, "--model", "4")
    assert "./4" in caught.value.hint
    with pytest.raises(ModelFolderError, match="no such folder"):
        call("read", place.page, "--model", "nowhere")


def test_the_environment_names_the_workspace_for_reading(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("releases", "promote", 3)
    monkeypatch.chdir(tmp_path)
    assert release_read(call("read", place.page, RECTO_WORKSPACE=str(place.folder))) == "3"
    with pytest.raises(RectoError, match="no workspace here"):
        call("read", place.page, RECTO_WORKSPACE=str(tmp_path))


def test_another_engine_reads_by_itself(place: Place) -> None:
    call("releases", "promote", 3)
    done = call("read", place.page, "--engine", "fake")
    assert (release_read(done), done.stderr) == (None, "")
    with pytest.raises(EngineError, match="made for engine 'ppocr', not 'fake'"):
        call("read", place.page, "--engine", "fake", "--model", "3")


def test_a_changed_release_reads_nothing(place: Place) -> None:
    call("releases", "promote", 3)
    weights = place.folder / "releases" / "0003" / "model" / RECOGNISER
    weights.chmod(0o644)
    weights.write_bytes(b"other")
    with pytest.raises(RegistryError, match="was changed") as caught:
        call("read", place.page)
    assert "rollback" in caught.value.hint


def test_evaluate_compares_releases(place: Place) -> None:
    (place.folder / "in" / "annotations.json").write_text(
        json.dumps([{"image": "page.png", "text": "words", "category": "receipt", "split": "test"}])
    )
    done = call("evaluate", "in", "--model", "3", "--baseline-model", "base", "--json")
    report = json.loads(done.stdout)
    assert report["settings"]["model"] == "release 3"
    assert report["baseline"]["settings"]["model"] == "base"
    assert "unchanged" in report["engine"]


def test_without_a_model_evaluate_measures_the_base(place: Place) -> None:
    call("releases", "promote", 3)
    assert str(chosen_weights(None)) == "base"
    assert str(current_weights("ppocr")) == "release 3"


@pytest.mark.parametrize(
    "words", [(), ("list",), ("show",), ("promote",), ("rollback",), ("export",), ("diff",)]
)
def test_help_of_each(words: tuple[str, ...]) -> None:
    done = call("releases", *words, "--help")
    assert done.exit_code == 0
    assert "--workspace" in done.output


def test_folders_that_are_no_releases_are_told(place: Place) -> None:
    (place.folder / "releases" / "0009").mkdir()
    shown = call("releases").output
    assert f"{place.folder / 'releases' / '0009'}: the database knows no such Release" in shown
    assert "recto.toml" in shown
