"""Readings of documents that wait: what was read on their pages, which fields were found. None is made."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.corrections.place import EVERYTHING, Place, Sight, number_of, row_at
from recto.documents.transcript import Transcript
from recto.errors import CorrectionError
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import OtherReadingRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Readings:
    """What came of reading a document, by page: Transcripts, and why others can't be read; fields as JSON."""

    transcripts: Mapping[int, Transcript]
    problems: Mapping[int, str]
    extraction: Mapping[str, object] | None = None


def keep_readings(workspace: Workspace, sha256: str, readings: Readings) -> None:
    """Keep them where nothing was read before and no person was quicker; unreadable pages have failed."""
    with workspace.transaction() as session:
        rows = _rows(session, sha256)
        for row in rows:
            number = number_of(row)
            if row.state == "queued" and not row.reading:
                if number in readings.transcripts:
                    row.reading, row.doubt = dict(readings.transcripts[number].to_json()), None
                elif number in readings.problems:
                    row.state, row.problem = "failed", readings.problems[number]
        if rows and rows[0].extraction is None and readings.extraction is not None:
            rows[0].extraction, rows[0].doubt = dict(readings.extraction), None


def keep_other_reading(
    workspace: Workspace, place: Place, engine: str, text: str, sight: Sight = EVERYTHING
) -> None:
    """Keep what another engine reads on a page, in place of what the same one read before.

    It never becomes the page's text: where it disagrees with the reading, the page is worth a look. Raises
    DocumentUnknown, CorrectionError.
    """
    if "\0" in text + engine or not engine.strip():
        raise CorrectionError("the reading needs the name of its engine, and no NUL characters")
    with workspace.transaction() as session:
        row = row_at(session, place, sight)
        session.merge(OtherReadingRow(document_id=row.id, engine=engine, at=now(), text=text))
        row.doubt = None


def _rows(session: Session, sha256: str) -> list[DocumentRow]:
    query = select(DocumentRow).where(DocumentRow.sha256 == sha256).order_by(DocumentRow.page)
    return list(session.scalars(query))
