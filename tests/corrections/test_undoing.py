"""Undoing a person's batch: his alone, only since then, and never what others saved on top."""

from datetime import timedelta

from sqlalchemy import update

from recto.corrections.documents import document
from recto.corrections.edit import FieldsEdit, Saved, Stamp, TranscriptEdit
from recto.corrections.place import Place
from recto.corrections.store import corrections, save_fields, save_transcript
from recto.corrections.undoing import Undone, undo_all_by
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.utc import now

from .conftest import Read, row_of


def save(workspace: Workspace, place: Place, text: str, author: str) -> int:
    version = document(workspace, place.sha256).pages[0].content.version
    saved = save_transcript(workspace, place, TranscriptEdit(text), Stamp(author, version))
    assert isinstance(saved, Saved) and saved.correction is not None
    return saved.correction


def test_one_persons_batch_is_taken_back(workspace: Workspace, read: Read) -> None:
    start = now()
    his, twice, annas = read("his", "HIS"), read("twice", "TWICE"), read("annas", "ANNAS")
    save(workspace, his, "wrong", "mallory")
    for text in ("wrong", "wronger"):
        save(workspace, twice, text, "mallory")
    save(workspace, annas, "right", "anna")
    fields = FieldsEdit({"total": "0.00"})
    save_fields(
        workspace, his.sha256, fields, Stamp("mallory", document(workspace, his.sha256).fields_version)
    )
    assert undo_all_by(workspace, "mallory", start, "admin") == Undone(4, ())
    assert [row_of(workspace, place).state for place in (his, twice, annas)] == [
        "queued",
        "queued",
        "trusted",
    ]
    assert document(workspace, his.sha256).fields == {}
    assert [one.author for one in corrections(workspace) if one.undoes] == ["admin"] * 4
    assert undo_all_by(workspace, "mallory", start, "admin") == Undone(0, ())


def test_what_others_saved_on_top_and_what_is_older_stays(workspace: Workspace, read: Read) -> None:
    covered, older = read("covered", "COVERED"), read("older", "OLDER")
    save(workspace, covered, "wrong", "mallory")
    save(workspace, covered, "anna's", "anna")
    long_ago = save(workspace, older, "good", "mallory")
    with workspace.transaction() as session:
        moved = update(CorrectionRow).where(CorrectionRow.id == long_ago)
        session.execute(moved.values(at=now() - timedelta(days=9)))
    save(workspace, older, "wrong", "mallory")
    since = now() - timedelta(hours=1)
    assert undo_all_by(workspace, "mallory", since, "admin") == Undone(1, (covered,))
    assert (row_of(workspace, covered).text, row_of(workspace, older).text) == ("anna's", "good")
