"""`recto people`: add, list, remove; the password from standard input."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recto.cli.verbs import app
from recto.serving.people import checked_person
from recto.workspace.folder import create_workspace

PASSWORD = "correct horse battery"


def run(folder: Path, *words: str, password: str = "") -> str:
    done = CliRunner().invoke(app, ["people", *words, "--workspace", str(folder)], input=password)
    assert done.exit_code == 0, done.output
    return done.output


def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    assert "lets the first one in" in run(tmp_path)
    run(tmp_path, "add", "anna", "--role", "admin", password=f"{PASSWORD}\n")
    run(tmp_path, "add", "ben", "--business", "legal", password=PASSWORD)
    person = checked_person(workspace, "anna", PASSWORD)
    assert person is not None and person.role == "admin"
    assert "ben: reviewer, documents: legal" in run(tmp_path)
    run(tmp_path, "password", "ben", password="another password")
    assert checked_person(workspace, "ben", "another password") is not None
    run(tmp_path, "remove", "ben")
    listed = json.loads(run(tmp_path, "--json"))
    assert [(one["name"], one["removed_at"] is None) for one in listed] == [("anna", True), ("ben", False)]


@pytest.mark.parametrize("words", [["add", "anna", "--role", "king"], ["--json", "add", "anna"]])
def test_calls_that_cant_work(words: list[str], tmp_path: Path) -> None:
    create_workspace(tmp_path)
    assert CliRunner().invoke(app, ["people", *words], input=PASSWORD).exit_code == 2
