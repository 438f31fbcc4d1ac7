"""Corrections per day: every day has its place, what was undone isn't counted, and old ones are left out."""

from datetime import timedelta

from sqlalchemy import update

from recto.corrections.documents import document
from recto.corrections.edit import Saved, Stamp, TranscriptEdit
from recto.corrections.pace import per_day
from recto.corrections.place import Place
from recto.corrections.store import save_transcript, undo
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.utc import now

from .conftest import Read


def save(workspace: Workspace, place: Place, text: str) -> int | None:
    version = document(workspace, place.sha256).pages[0].content.version
    saved = save_transcript(workspace, place, TranscriptEdit(text), Stamp("anna", version))
    assert isinstance(saved, Saved)
    return saved.correction


def move(workspace: Workspace, correction: int | None, days: int) -> None:
    with workspace.transaction() as session:
        moved = update(CorrectionRow).where(CorrectionRow.id == correction)
        session.execute(moved.values(at=now() - timedelta(days=days)))


def test_corrections_per_day(workspace: Workspace, read: Read) -> None:
    place = read("a", "ONE")
    assert [day.corrections for day in per_day(workspace, 3)] == [0, 0, 0]
    for text, days in (("TWO", 9), ("THREE", 1), ("FOUR", 0), ("FIVE", 0)):
        move(workspace, save(workspace, place, text), days)
    version = document(workspace, place.sha256).pages[0].content.version
    undo(workspace, place, "transcript", Stamp("anna", version))
    counted = per_day(workspace, 3)
    assert [day.corrections for day in counted] == [0, 1, 1]
    assert counted[-1].date == now().date()
