"""Consent: whether a document may be kept, and whether models may learn from it; taking it back at any time.

What was learnt can't be unlearnt here: `Consented` names the Releases that saw the document. The next
snapshot doesn't hold it any more.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from recto.corrections.content import version_of
from recto.corrections.place import EVERYTHING, WITHDRAWN, Sight, is_hidden, rows_of
from recto.datasets.example import JsonValue
from recto.errors import CorrectionError
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace
from recto.workspace.provenance import Seen, releases_that_saw
from recto.workspace.review_tables import CorrectionRow, DoubtRow, DraftRow, LeaseRow, OtherReadingRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a document may be kept (`store`), and whether models may see it (`train`)."""

    store: bool = True
    train: bool = True

    def to_json(self) -> dict[str, JsonValue]:
        """As JSON values."""
        return {"store": self.store, "train": self.train}


@dataclass(frozen=True, slots=True)
class Consented:
    """What is allowed now, and which Releases saw the document before."""

    consent: Consent
    seen: tuple[Seen, ...]


def consent_of(rows: list[DocumentRow]) -> Consent:
    """What is allowed with the document of these rows."""
    stored = all(row.state != WITHDRAWN for row in rows)
    return Consent(stored, stored and all(row.train_allowed for row in rows))


def set_consent(
    workspace: Workspace, sha256: str, consent: Consent, author: str, sight: Sight = EVERYTHING
) -> Consented:
    """Allow or forbid; who did it and when is kept as a correction of kind "consent".

    Without `train` no snapshot holds the document from now on. Without `store` its bytes, texts, fields and
    drafts are deleted as well, and nothing brings them back: what stays is its hash, by which `recto add`
    refuses it, its split, and who changed it when. Raises DocumentUnknown, CorrectionError.
    """
    if consent.train and not consent.store:
        raise CorrectionError("a document can't be learnt from that isn't kept")
    with workspace.transaction() as session:
        rows = list(rows_of(session, sha256, sight))
        if is_hidden(session, sha256, sight):
            raise CorrectionError("the document has pages that aren't yours to see", hint="ask an admin")
        before = consent_of(rows)
        if not before.store and consent.store:
            raise CorrectionError(
                "the document was withdrawn: nothing of it is left", hint="add it anew elsewhere"
            )
        if before != consent:
            _note(session, rows[0], before, consent, author)
        for row in rows:
            row.train_allowed = consent.train
            if not consent.store:
                _erase(session, row)
        seen = releases_that_saw(session, sha256)
    if not consent.store:
        _delete(blob_path(workspace, sha256))
    return Consented(consent, seen)


def _note(session: Session, row: DocumentRow, before: Consent, after: Consent, author: str) -> None:
    session.add(
        CorrectionRow(
            document_id=row.id,
            kind="consent",
            at=now(),
            author=author,
            before=before.to_json(),
            after=after.to_json(),
            version_before=version_of(before.to_json()),
            version_after=version_of(after.to_json()),
            stream="open",
        )
    )


def _erase(session: Session, row: DocumentRow) -> None:
    row.state, row.text, row.reading, row.facts = WITHDRAWN, None, None, {}
    row.extraction, row.doubt, row.problem, row.print = None, None, None, None
    row.name = f"withdrawn-{row.sha256[:12]}"
    for table in (DraftRow, LeaseRow, DoubtRow, OtherReadingRow):
        session.execute(delete(table).where(table.document_id == row.id))
    of_content = (CorrectionRow.document_id == row.id, CorrectionRow.kind != "consent")
    session.execute(update(CorrectionRow).where(*of_content).values(before=None, after=None))


def _delete(blob: Path) -> None:
    """Nothing needs it any more; where a kill comes first, `sweep_withdrawn` does it."""
    blob.unlink(missing_ok=True)


def sweep_withdrawn(workspace: Workspace) -> int:
    """Delete the bytes of withdrawn documents that a kill left behind; how many there were."""
    query = select(DocumentRow.sha256).where(DocumentRow.state == WITHDRAWN).distinct()
    with workspace.read() as session:
        left = [blob for sha256 in session.scalars(query) if (blob := blob_path(workspace, sha256)).exists()]
    for blob in left:
        _delete(blob)
    return len(left)
