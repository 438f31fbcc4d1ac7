"""Drafts: what a reviewer has begun and not saved yet. Each has his own, and it survives his browser."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import delete

from recto.corrections.edit import FieldsEdit, TranscriptEdit
from recto.corrections.place import EVERYTHING, Place, Sight, row_at
from recto.corrections.store import Undoable
from recto.datasets.example import JsonValue
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import DraftRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed (as an edit's `to_json`), on top of which version, and when."""

    kind: str
    content: dict[str, JsonValue]
    version: str
    at: datetime


def keep_draft(
    workspace: Workspace,
    place: Place,
    edit: TranscriptEdit | FieldsEdit,
    version: str,
    author: str,
    sight: Sight = EVERYTHING,
) -> None:
    """Keep what the author has so far, in place of what he had. Raises DocumentUnknown, CorrectionError."""
    kind = "transcript" if isinstance(edit, TranscriptEdit) else "fields"
    content = cast(dict[str, object], edit.to_json())
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        draft = DraftRow(
            document_id=row.id, author=author, kind=kind, content=content, version=version, at=now()
        )
        session.merge(draft)


def draft_of(
    workspace: Workspace, place: Place, kind: Undoable, author: str, sight: Sight = EVERYTHING
) -> Draft | None:
    """What the author has begun on this page, None where he has nothing. Raises DocumentUnknown."""
    with workspace.read() as session:
        row = row_at(session, place, sight)
        draft = session.get(DraftRow, (row.id, author, kind))
    if draft is None:
        return None
    return Draft(draft.kind, cast(dict[str, JsonValue], draft.content), draft.version, draft.at)


def drop_draft(
    workspace: Workspace, place: Place, kind: Undoable, author: str, sight: Sight = EVERYTHING
) -> None:
    """Forget what the author has begun. Raises DocumentUnknown."""
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        mine = (DraftRow.document_id == row.id, DraftRow.author == author, DraftRow.kind == kind)
        session.execute(delete(DraftRow).where(*mine))
