"""The store of corrections: saving one, undoing one, and what was ever changed.

Each save is one transaction: the correction is added, what it says is trusted, its document finds its split,
the draft and the lease are gone. What a kill leaves is all of it, or nothing. Rows are added, never changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import select

from recto.corrections.applying import apply_content, apply_fields, restore
from recto.corrections.change import Change
from recto.corrections.content import PageContent, content_of, fields_of, reading_of
from recto.corrections.edit import Conflict, FieldsEdit, Saved, Stamp, TranscriptEdit, fingerprint
from recto.corrections.place import EVERYTHING, Place, Sight, kept, row_at, rows_of
from recto.datasets.corpus import shares_of
from recto.datasets.corpus.placing import place as place_document
from recto.datasets.example import JsonValue
from recto.errors import CorrectionError
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now

Outcome = Saved | Conflict
Undoable = Literal["transcript", "fields"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One change as it is kept; `before` and `after` are None where the document was withdrawn since."""

    number: int
    place: Place
    kind: str
    at: datetime
    author: str
    release: str | None
    engine: str | None
    before: Mapping[str, JsonValue] | None
    after: Mapping[str, JsonValue] | None
    undoes: int | None
    stream: str


def save_transcript(
    workspace: Workspace, place: Place, edit: TranscriptEdit, stamp: Stamp, sight: Sight = EVERYTHING
) -> Outcome:
    """Make the edit the trusted text of its page, with its lines; a reading saved as it is, is accepted.

    From then on the page is an Example: the next snapshot holds it, in the split that it has for ever.
    Raises DocumentUnknown, CorrectionError for what can't be kept.
    """
    wanted, sent = edit.content(), edit.to_json()
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        request = fingerprint("transcript", str(place), sent, stamp.version)
        change = Change(session, row, "transcript", stamp, request)
        if answer := change.known() or change.conflict(sent):
            return answer
        shown, before = content_of(row), change.content
        if edit.lines is None and (accepted := _accepted(row, wanted.text)):
            wanted = replace(wanted, lines=accepted.lines, case=accepted.case)
        if row.corrected_at is not None and wanted.version == shown.version:
            return Saved(None, shown.version)
        apply_content(row, wanted, now())
        session.flush()
        place_document(session, row.sha256, shares_of(workspace.settings.split), now())
        return change.saved(before)


def save_fields(
    workspace: Workspace, sha256: str, edit: FieldsEdit, stamp: Stamp, sight: Sight = EVERYTHING
) -> Outcome:
    """Make the edit's fields those of the document; others stay.

    From then on taggers learn from them, or are measured on them, in the split that the document has for
    ever. Raises DocumentUnknown, CorrectionError.
    """
    sent = edit.to_json()
    with workspace.transaction() as session:
        row = kept(rows_of(session, sha256, sight)[0])
        change = Change(session, row, "fields", stamp, fingerprint("fields", sha256, sent, stamp.version))
        if answer := change.known() or change.conflict(sent):
            return answer
        before, fields = change.content, fields_of(row)
        wanted = edit.merged(fields)
        if wanted == fields:
            return Saved(None, change.version)
        apply_fields(row, wanted)
        session.flush()
        place_document(session, row.sha256, shares_of(workspace.settings.split), now())
        return change.saved(before)


def undo(
    workspace: Workspace, place: Place, kind: Undoable, stamp: Stamp, sight: Sight = EVERYTHING
) -> Outcome:
    """Take back the last correction that still stands, by a new one. The page keeps its split.

    Raises CorrectionError where there is none, DocumentUnknown.
    """
    with workspace.transaction() as session:
        if kind == "transcript":
            row = row_at(session, place, sight)
        else:
            row = kept(rows_of(session, place.sha256, sight)[0])
        change = Change(session, row, kind, stamp, fingerprint(f"undo {kind}", str(place), {}, stamp.version))
        if answer := change.known() or change.conflict({}):
            return answer
        before, last = change.content, change.last_standing()
        if last is None or last.before is None:
            raise CorrectionError("there is nothing to undo", hint="no correction of it stands")
        if kind == "transcript":
            restore(row, last.before, now())
        else:
            apply_fields(row, cast(dict[str, JsonValue], last.before["fields"]))
        return change.saved(before, undoes=last.id)


def corrections(
    workspace: Workspace,
    *,
    sha256: str | None = None,
    after: int = 0,
    limit: int | None = None,
    sight: Sight = EVERYTHING,
) -> tuple[Correction, ...]:
    """What was changed, oldest first: of one document or of all, those numbered above `after`."""
    query = (
        select(CorrectionRow, DocumentRow.sha256, DocumentRow.page)
        .join(DocumentRow, DocumentRow.id == CorrectionRow.document_id)
        .where(CorrectionRow.id > after, sight.condition())
        .order_by(CorrectionRow.id)
        .limit(limit)
    )
    if sha256 is not None:
        query = query.where(DocumentRow.sha256 == sha256)
    with workspace.read() as session:
        return tuple(_told(row, Place(owner, page or 1)) for row, owner, page in session.execute(query))


def _accepted(row: DocumentRow, text: str | None) -> PageContent | None:
    """What says this text already, with places that are right as well: the page as it is, or its reading."""
    return next((one for one in (content_of(row), reading_of(row)) if one and one.text == text), None)


def _told(row: CorrectionRow, place: Place) -> Correction:
    return Correction(
        number=row.id,
        place=place,
        kind=row.kind,
        at=row.at,
        author=row.author,
        release=row.release,
        engine=row.engine,
        before=cast(Mapping[str, JsonValue] | None, row.before),
        after=cast(Mapping[str, JsonValue] | None, row.after),
        undoes=row.undoes,
        stream=row.stream,
    )
