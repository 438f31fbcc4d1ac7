"""Leases: who works on a page, until when. They keep reviewers out of each other's way and forbid nothing:
whether a save is stale, its version alone decides."""

from datetime import timedelta
from typing import cast

from sqlalchemy import delete
from sqlalchemy.orm import Session

from recto.corrections.documents import Lease
from recto.corrections.edit import Stream
from recto.corrections.place import EVERYTHING, Place, Sight, row_at
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import DoubtRow, LeaseRow
from recto.workspace.utc import now


def take_lease(workspace: Workspace, place: Place, author: str, sight: Sight = EVERYTHING) -> Lease:
    """Leave a page to its author for `review.lease_s` from now on, or for as long again.

    Returns the lease that holds: his own, or that of whoever was quicker. Raises DocumentUnknown.
    """
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        held = session.get(LeaseRow, row.id)
        if held is not None and held.author != author and held.until > now():
            return Lease(held.author, held.until, held.stream)
        stream: Stream = "open"
        if held is not None and (held.author == author or held.stream == "random"):
            stream = cast(Stream, held.stream)  # a page that was drawn stays so, whoever opens it now
        return lease_in(session, row.id, author, stream, workspace.settings.review.lease_s)


def end_lease(workspace: Workspace, place: Place, author: str, sight: Sight = EVERYTHING) -> None:
    """Leave the page to others again, where its author has it. Raises DocumentUnknown."""
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        _end(session, row.id, author)


def leave_to_others(workspace: Workspace, place: Place, author: str, sight: Sight = EVERYTHING) -> None:
    """The author isn't sure: the queue gives this page to others, not to him. Raises DocumentUnknown."""
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        _end(session, row.id, author)
        session.merge(DoubtRow(document_id=row.id, author=author, at=now()))


def lease_in(session: Session, row_id: int, author: str, stream: Stream, lease_s: float) -> Lease:
    """A lease from now on, in the caller's transaction, in place of whatever was there."""
    until = now() + timedelta(seconds=lease_s)
    session.merge(LeaseRow(document_id=row_id, author=author, until=until, stream=stream))
    return Lease(author, until, stream)


def _end(session: Session, row_id: int, author: str) -> None:
    mine = (LeaseRow.document_id == row_id, LeaseRow.author == author)
    session.execute(delete(LeaseRow).where(*mine))
