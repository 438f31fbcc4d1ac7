"""`recto releases` as a person uses it, in a workspace with three Releases."""

import json
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER
from recto.errors import RegistryError, WorkspaceError
from recto.workspace.folder import create_workspace

from .conftest import Place, call


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
    with pytest.raises(RegistryError, match="no Release was current for scope 'legal' before 3"):
        call("releases", "rollback", "--scope", "legal")


def test_back_to_none_tells_what_reads_now(place: Place) -> None:
    for words in ((1,), (3,), (2,)):
        call("releases", "promote", *words)
    told = call("releases", "rollback", "--to", "base", "--scope", "legal").output
    assert told == "Release 2 isn't current for scope legal any more; Release 3, the general one read now\n"
    told = call("releases", "rollback", "--to", "base", "--reason", "worse").output
    assert told == "Release 3 isn't current for scope general any more; the base weights read now\n"
    told = call("releases", "rollback", "--to", "base").output
    assert told == "scope general has no Release of its own; the base weights read already\n"
    assert "rolled back to base for general in place of 3: worse" in call("releases", "show", 3).output
    history = json.loads(call("releases", "show", 3, "--json").output)["promotions"]
    assert [(step["number"], step["previous"]) for step in history] == [(3, 1), (None, 3)]
    assert "none is current" in call("releases").output


@pytest.mark.parametrize("word", ["0", "-1", "none", "1.5", ""])
def test_a_rollback_to_what_is_no_release(place: Place, word: str) -> None:
    done = call("releases", "rollback", "--to", word)
    assert done.exit_code == 2
    assert "neither the number of a Release nor base" in done.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", 9), "no Release 9"),
        (("promote", 9), "no Release 9"),
        (("promote", 1, "--scope", "leagl"), "no scope 'leagl'"),
        (("rollback",), "no Release is current for scope 'general'"),
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


def test_the_list_says_what_was_never_current_and_what_is_damaged(place: Place) -> None:
    call("releases", "promote", 2)
    (place.folder / "releases" / "0002" / "model" / RECOGNISER).unlink()
    shown = call("releases").output
    assert "Release 1 was never current: nobody promoted it; recto releases promote 1" in shown
    assert f"Release 2 isn't what was measured: model/{RECOGNISER} is missing" in shown
    assert "go on without it: recto releases rollback --to base --scope legal\n" in shown
    assert f"damaged    Release 2 isn't what was measured: model/{RECOGNISER} is" in call("status").output
    told = json.loads(call("releases", "--json").output)
    assert [r["never_current"] for r in told] == ["nobody promoted it", None, "nobody promoted it"]
    assert [r["problem"] is None for r in told] == [True, False, True]
    assert "is missing" in call("status", "--json").output
    call("releases", "rollback", "--to", "base", "--scope", "legal")
    assert "rollback" not in call("releases").output
    assert "damaged" not in call("status").output
