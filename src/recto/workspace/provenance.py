"""Provenance: which models saw a document. Cycles write down their snapshots; Releases come from Cycles."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.workspace.review_tables import SightingRow
from recto.workspace.tables import DocumentRow, ReleaseRow


@dataclass(frozen=True, slots=True)
class Seen:
    """A Release and what it did with a page: `train` (learnt from it), `val` (chose its epoch), `test`."""

    release: int
    scope: str
    cycle: int
    page: int
    split: str


def releases_that_saw(session: Session, sha256: str) -> tuple[Seen, ...]:
    """Every Release that had a page of the document before it, oldest first."""
    query = (
        select(ReleaseRow.number, ReleaseRow.scope, SightingRow.cycle_id, DocumentRow.page, SightingRow.split)
        .join(SightingRow, SightingRow.cycle_id == ReleaseRow.cycle_id)
        .join(DocumentRow, DocumentRow.id == SightingRow.document_id)
        .where(DocumentRow.sha256 == sha256)
        .order_by(ReleaseRow.number, DocumentRow.page)
    )
    return tuple(
        Seen(number, scope, cycle, page or 1, split)
        for number, scope, cycle, page, split in session.execute(query)
    )
