"""Documents as those see them who correct: a list of them, and one with its pages, fields and consent."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from sqlalchemy import func, select

from recto.corrections.calibration.fitting import Calibration, calibrations
from recto.corrections.calibration.judged import Reader, reader_of
from recto.corrections.consent import Consent, consent_of
from recto.corrections.content import PageContent, content_of, fields_json, fields_of, version_of
from recto.corrections.place import EVERYTHING, Place, Sight, number_of, rows_of
from recto.datasets.example import JsonValue
from recto.documents.transcript import Transcript, TranscriptJson, transcript_from_json
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import LeaseRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents a list holds; None is any. `after` is the number of the last one known."""

    state: str | None = None
    category: str | None = None
    business: str | None = None
    after: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """One document of a list; `number` grows with the time it was added, `states` counts its pages."""

    number: int
    sha256: str
    name: str
    category: str
    business: str | None
    added_at: datetime
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a page, and until when others leave it to him."""

    author: str
    until: datetime
    stream: str


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """A page as it stands: what it says (`content`), what the model read, who works on it.

    `reading` is None where nothing was read, or the page came with its text. `calibrated` holds for each
    line of a reading that waits how likely it is right, by people's corrections; None: these are too few.
    """

    place: Place
    content: PageContent
    reading: Transcript | None
    problem: str | None
    corrected_at: datetime | None
    lease: Lease | None
    calibrated: tuple[float | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReviewDocument:
    """A document with its pages; `fields` are trusted, `extraction` (its JSON) is what a model found."""

    sha256: str
    name: str
    category: str
    business: str | None
    added_at: datetime
    pages: tuple[ReviewPage, ...]
    fields: Mapping[str, JsonValue]
    fields_version: str
    extraction: Mapping[str, JsonValue] | None
    consent: Consent


def documents(workspace: Workspace, wanted: Wanted, sight: Sight = EVERYTHING) -> tuple[Listed, ...]:
    """The documents that `wanted` describes, oldest first, as many as it allows."""
    number = func.min(DocumentRow.id).label("number")
    query = select(DocumentRow.sha256, number).where(sight.condition()).group_by(DocumentRow.sha256)
    if wanted.state is not None:
        query = query.where(DocumentRow.state == wanted.state)
    if wanted.category is not None:
        query = query.where(DocumentRow.category == wanted.category)
    if wanted.business is not None:
        query = query.where(DocumentRow.business == wanted.business)
    query = query.having(number > wanted.after).order_by(number).limit(wanted.limit)
    with workspace.read() as session:
        numbers = {row.sha256: row.number for row in session.execute(query)}
        rows = session.scalars(
            select(DocumentRow).where(DocumentRow.sha256.in_(numbers)).order_by(DocumentRow.page)
        ).all()
    pages: dict[str, list[DocumentRow]] = {sha256: [] for sha256 in numbers}
    for row in rows:
        if sight.sees(row.business):
            pages[row.sha256].append(row)
    return tuple(_listed(numbers[sha256], of_it) for sha256, of_it in pages.items())


def document(workspace: Workspace, sha256: str, sight: Sight = EVERYTHING) -> ReviewDocument:
    """One document as it stands now. Raises DocumentUnknown."""
    known, scopes = calibrations(workspace), tuple(workspace.settings.triggers.scopes)
    with workspace.read() as session:
        rows = list(rows_of(session, sha256, sight))
        leases = {
            lease.document_id: Lease(lease.author, lease.until, lease.stream)
            for lease in session.scalars(
                select(LeaseRow).where(
                    LeaseRow.document_id.in_([row.id for row in rows]), LeaseRow.until > now()
                )
            )
        }
    first = rows[0]
    return ReviewDocument(
        sha256=sha256,
        name=first.name,
        category=first.category,
        business=first.business,
        added_at=first.added_at,
        pages=tuple(_calibrated(_page(row, leases.get(row.id)), row.business, known, scopes) for row in rows),
        fields=fields_of(first),
        fields_version=version_of(fields_json(first)),
        extraction=cast(Mapping[str, JsonValue] | None, first.extraction),
        consent=consent_of(rows),
    )


def _listed(number: int, rows: Sequence[DocumentRow]) -> Listed:
    first = rows[0]
    states = Counter(row.state for row in rows)
    return Listed(
        number, first.sha256, first.name, first.category, first.business, first.added_at, dict(states)
    )


def _page(row: DocumentRow, lease: Lease | None) -> ReviewPage:
    reading = transcript_from_json(cast(TranscriptJson, row.reading)) if row.reading else None
    place = Place(row.sha256, number_of(row))
    return ReviewPage(place, content_of(row), reading, row.problem, row.corrected_at, lease)


def _calibrated(
    page: ReviewPage, business: str | None, known: Mapping[Reader, Calibration], scopes: Sequence[str]
) -> ReviewPage:
    """The page with what its reader's confidences mean, where that is known and the reading still stands."""
    if page.reading is None or page.content.state != "queued":
        return page
    calibration = known.get(reader_of(business, page.reading.engine, page.reading.release, scopes))
    if calibration is None:
        return page
    told = [line.confidence for line in page.content.lines]
    return replace(page, calibrated=tuple(None if one is None else calibration(one) for one in told))
