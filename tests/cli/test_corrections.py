"""`recto corrections`: summary, export and undoing, on an empty workspace and on one with corrections."""

import json
from pathlib import Path

from typer.testing import CliRunner

from recto.cli.verbs import app
from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.place import Place
from recto.corrections.store import save_transcript
from recto.datasets.corpus import add_examples, set_text, shares_of
from recto.datasets.example import Example
from recto.workspace.folder import create_workspace
from recto.workspace.tables import DocumentRow

from ..corrections.conftest import page_image


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["corrections", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_summary_and_the_files(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    here = ("--workspace", str(workspace.path))
    assert "nothing tells how well" in run(*here)
    examples = [Example(f"{name}.png", page_image(name), None, "receipt") for name in ("a", "b")]
    added = add_examples(workspace, examples, shares=shares_of(workspace.settings.split))
    set_text(workspace, added.queued[0], "a person's")
    assert json.loads(run("--json", *here)) == {"waiting": 1, "corrections": 0, "estimates": []}
    assert ": 1 page\n" in run("export", str(tmp_path / "out"), *here)
    assert (tmp_path / "out" / "training_queue.jsonl").read_text("utf-8").count("\n") == 1


def test_calibration_of_nothing_says_so(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    here = ("--workspace", str(workspace.path))
    assert "confidences stay as the engine says them" in run("calibration", *here)
    assert json.loads(run("calibration", "--json", *here)) == {"readers": []}
    assert "calibration.html" in run("calibration", "--right", "99", "--out", str(tmp_path / "out"), *here)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"calibration.html", "calibration.json"}


def test_a_persons_batch_is_undone(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    here = ("--workspace", str(workspace.path))
    example = Example("a.png", page_image("a"), None, "receipt")
    (queued,) = add_examples(workspace, [example], shares=shares_of(workspace.settings.split)).queued
    with workspace.read() as session:
        place = Place(session.get_one(DocumentRow, queued).sha256)
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit("wrong"), Stamp("mallory", version))
    assert (
        run("undo", "--by", "mallory", "--since", "2999-01-01", *here)
        == "taken back: 0 corrections by mallory\n"
    )
    assert (
        run("undo", "--by", "mallory", "--since", "2020-01-01T10:00", *here)
        == "taken back: 1 correction by mallory\n"
    )
