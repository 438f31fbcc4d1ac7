"""Undoing all that one person saved since a moment, as when a batch of wrong texts came in.

Each is taken back by a new correction, like any other undo. What somebody else saved on top is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from recto.corrections.change import Change
from recto.corrections.edit import Saved, Stamp
from recto.corrections.place import WITHDRAWN, Place, number_of
from recto.corrections.store import Undoable, undo
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.tables import DocumentRow


@dataclass(frozen=True, slots=True)
class Undone:
    """How many corrections were taken back, and the pages on which others had saved on top: these stay."""

    corrections: int
    left: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Last:
    """The last correction that stands of a page or of fields, and the version that it made."""

    correction: CorrectionRow
    version: str


def undo_all_by(workspace: Workspace, author: str, since: datetime, by: str) -> Undone:
    """Take back what `author` saved at `since` or later and still stands; `by` is who does it.

    A kill leaves some undone and the rest standing: the same call again does the rest. Withdrawn documents
    have nothing to take back.
    """
    count, left = 0, []
    for row_id, place, kind in _touched(workspace, author, since):
        while (last := _last(workspace, row_id, kind)) and _is_meant(last.correction, author, since):
            outcome = undo(workspace, place, kind, Stamp(by, last.version))
            count += isinstance(outcome, Saved)  # a conflict: somebody was quicker, so look again
        if _stands_below(workspace, row_id, kind, author, since):
            left.append(place)
    return Undone(count, tuple(left))


def _touched(workspace: Workspace, author: str, since: datetime) -> Iterator[tuple[int, Place, Undoable]]:
    """The pages and fields that he changed since then, by the ids of their rows."""
    kinds: tuple[Undoable, ...] = ("transcript", "fields")
    for kind in kinds:
        query = select(DocumentRow).where(
            DocumentRow.state != WITHDRAWN,
            DocumentRow.id.in_(
                select(CorrectionRow.document_id).where(
                    CorrectionRow.author == author, CorrectionRow.at >= since, CorrectionRow.kind == kind
                )
            ),
        )
        with workspace.read() as session:
            rows = session.scalars(query.order_by(DocumentRow.id)).all()
        for row in rows:
            yield row.id, Place(row.sha256, number_of(row)), kind


def _last(workspace: Workspace, row_id: int, kind: Undoable) -> _Last | None:
    with workspace.read() as session:
        row = session.get_one(DocumentRow, row_id)
        change = Change(session, row, kind, Stamp("", ""), "")
        last = change.last_standing() if row.state != WITHDRAWN else None
        return None if last is None else _Last(last, change.version)


def _is_meant(correction: CorrectionRow, author: str, since: datetime) -> bool:
    return correction.author == author and correction.at >= since


def _stands_below(workspace: Workspace, row_id: int, kind: Undoable, author: str, since: datetime) -> bool:
    """Whether one of his corrections still stands, below somebody else's."""
    undone = select(CorrectionRow.undoes).where(CorrectionRow.undoes.is_not(None))
    standing = select(CorrectionRow.id).where(
        CorrectionRow.document_id == row_id,
        CorrectionRow.kind == kind,
        CorrectionRow.author == author,
        CorrectionRow.at >= since,
        CorrectionRow.undoes.is_(None),
        CorrectionRow.id.not_in(undone),
    )
    with workspace.read() as session:
        return session.scalar(standing.limit(1)) is not None
