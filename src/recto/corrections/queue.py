"""The review queue: pages that wait for a person, those first where a look is worth most.

A share of all pages is drawn by hash, whatever they are worth, and handed out in the order of that hash: only
these tell without bias how well the model reads (`estimate`). The two streams never mix.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import cast

from sqlalchemy import String, func, select, update
from sqlalchemy import cast as cast_in_sql
from sqlalchemy.orm import Session

from recto.corrections.calibration.fitting import Calibration, calibrations
from recto.corrections.calibration.judged import Reader, reader_of
from recto.corrections.documents import Lease
from recto.corrections.doubt import Doubt, doubt_from_json, doubt_of, importance_of
from recto.corrections.edit import Stream
from recto.corrections.leases import lease_in
from recto.corrections.place import EVERYTHING, Place, Sight
from recto.documents.transcript import TranscriptJson, transcript_from_json
from recto.settings import Settings
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow, DoubtRow, LeaseRow, OtherReadingRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now

_DRAWN_OF = 1 << 32
_AT_ONCE = 200
"""Readings that are weighed before the next ones are looked for: nobody waits for long."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page that waits: what a look is worth (`value`) and why (`doubt`; None: nothing has read it yet).

    `lease` says who has it, `unsure` who left it to others.
    """

    place: Place
    name: str
    category: str
    business: str | None
    stream: Stream
    value: float
    doubt: Doubt | None
    lease: Lease | None
    unsure: tuple[str, ...]


def queue(workspace: Workspace, sight: Sight = EVERYTHING) -> tuple[Waiting, ...]:
    """All pages that wait, in the order in which they are handed out to one who does all of them."""
    _weigh(workspace)
    known = calibrations(workspace)
    with workspace.read() as session:
        waiting = [entry for _, entry in _waiting(session, workspace.settings, known, sight)]
    return tuple(_in_turn(waiting, workspace.settings.review.random_share))


def take_next(workspace: Workspace, author: str, sight: Sight = EVERYTHING) -> Waiting | None:
    """The page whose turn it is, leased to its author; the one that he has already; None where none waits.

    Pages that others have, or that he wasn't sure about, aren't given to him.
    """
    settings = workspace.settings.review
    _weigh(workspace)
    known = calibrations(workspace)
    with workspace.read() as session:  # looking takes time, which must not hold up those who save
        waiting = _waiting(session, workspace.settings, known, sight)
        drawn = _random_is_due(session, settings.random_share)
    own = [pair for pair in waiting if pair[1].lease and pair[1].lease.author == author]
    free = [pair for pair in waiting if pair[1].lease is None and author not in pair[1].unsure]
    wanted: Stream = "random" if drawn else "value"
    with workspace.transaction() as session:
        for row_id, entry in (*own, *sorted(free, key=lambda pair: pair[1].stream != wanted)):
            if not _is_still_free(session, row_id, author):
                continue
            stream = cast(Stream, entry.lease.stream) if entry.lease else entry.stream
            return replace(
                entry, stream=stream, lease=lease_in(session, row_id, author, stream, settings.lease_s)
            )
    return None


def is_drawn(place: Place, share: float) -> bool:
    """Whether the page is of the random stream: its hash alone says so, and for ever."""
    return _draw(place) < share


def _draw(place: Place) -> float:
    """A number from 0 to 1 that only the page decides."""
    digest = hashlib.sha256(f"recto review {place.sha256} {place.page}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / _DRAWN_OF


def _in_turn(waiting: Sequence[Waiting], share: float) -> Iterator[Waiting]:
    """Both streams as one: a page at random whenever their share has come up to it."""
    streams: dict[str, list[Waiting]] = {"value": [], "random": []}
    for entry in waiting:
        streams[entry.stream].append(entry)
    by_value, drawn = iter(streams["value"]), iter(streams["random"])
    given = at_random = 0
    while True:
        wants_random = at_random + 1 <= share * (given + 1)
        entry_or_none = next(drawn, None) if wants_random else next(by_value, None)
        if entry_or_none is None:
            yield from by_value
            yield from drawn
            return
        given, at_random = given + 1, at_random + (entry_or_none.stream == "random")
        yield entry_or_none


def _is_still_free(session: Session, row_id: int, author: str) -> bool:
    """Whether nobody was quicker since the queue was looked at."""
    row, lease = session.get_one(DocumentRow, row_id), session.get(LeaseRow, row_id)
    return row.state == "queued" and (lease is None or lease.author == author or lease.until <= now())


def _random_is_due(session: Session, share: float) -> bool:
    """Whether so many pages were handed out that one more of them has to be at random."""
    of_queue = (CorrectionRow.kind == "transcript", CorrectionRow.undoes.is_(None))
    done = select(CorrectionRow.stream, func.count()).where(*of_queue).group_by(CorrectionRow.stream)
    under_way = select(LeaseRow.stream, func.count()).where(LeaseRow.until > now()).group_by(LeaseRow.stream)
    given = {"value": 0, "random": 0, "open": 0}
    for counted in (done, under_way):
        for stream, count in session.execute(counted):
            given[stream] += count
    return given["random"] + 1 <= share * (given["value"] + given["random"] + 1)


def _waiting(
    session: Session, settings: Settings, known: Mapping[Reader, Calibration], sight: Sight
) -> list[tuple[int, Waiting]]:
    """Queued pages, each with the id of its row: by value, drawn ones by their draw, unread ones last."""
    review, scopes = settings.review, tuple(settings.triggers.scopes)
    leases = {
        lease.document_id: Lease(lease.author, lease.until, lease.stream)
        for lease in session.scalars(select(LeaseRow).where(LeaseRow.until > now()))
    }
    unsure: dict[int, list[str]] = {}
    for doubtful in session.scalars(select(DoubtRow)):
        unsure.setdefault(doubtful.document_id, []).append(doubtful.author)
    columns = (
        DocumentRow.id,
        DocumentRow.sha256,
        DocumentRow.page,
        DocumentRow.name,
        DocumentRow.category,
        DocumentRow.business,
        DocumentRow.doubt,
    )
    query = select(*columns).where(DocumentRow.state == "queued", sight.condition())
    sure = {reader: cache(calibration) for reader, calibration in known.items()}  # many lines say the same
    entries = []
    for row in session.execute(query.order_by(DocumentRow.id)):
        place = Place(row.sha256, row.page or 1)
        doubt = doubt_from_json(row.doubt) if row.doubt else None
        if doubt is not None:
            reader = reader_of(row.business, doubt.engine, doubt.release, scopes)
            doubt = doubt.calibrated(sure.get(reader))
        importance = importance_of(row.category, row.business, review)
        entry = Waiting(
            place=place,
            name=row.name,
            category=row.category,
            business=row.business,
            stream="random" if is_drawn(place, review.random_share) else "value",
            value=doubt.value(importance, review) if doubt else 0.0,
            doubt=doubt,
            lease=leases.get(row.id),
            unsure=tuple(unsure.get(row.id, ())),
        )
        entries.append((row.id, entry))
    return sorted(entries, key=lambda pair: _rank(pair[1]))


def _rank(entry: Waiting) -> tuple[bool, float]:
    return (entry.doubt is None, _draw(entry.place) if entry.stream == "random" else -entry.value)


def _weigh(workspace: Workspace) -> None:
    """Give each reading its doubt that has none yet; whoever changes a reading takes it away."""
    last = 0
    while True:
        with workspace.read() as session:
            doubts = _doubts(session, after=last)
        if not doubts:
            return
        last = max(doubts)
        with workspace.transaction() as session:
            for row_id, doubt in doubts.items():
                here = (DocumentRow.id == row_id, DocumentRow.doubt.is_(None))
                session.execute(update(DocumentRow).where(*here).values(doubt=doubt.to_json()))


def _doubts(session: Session, *, after: int) -> dict[int, Doubt]:
    """The doubts of some readings that have none yet, by their rows' ids, of which all are above `after`."""
    rows = session.execute(
        select(DocumentRow.id, DocumentRow.reading, DocumentRow.extraction)
        .where(DocumentRow.id > after, DocumentRow.state == "queued", DocumentRow.doubt.is_(None))
        .where(DocumentRow.reading.is_not(None), cast_in_sql(DocumentRow.reading, String) != "null")
        .order_by(DocumentRow.id)
        .limit(_AT_ONCE)
    ).all()
    others: dict[int, list[str]] = {}
    of_them = OtherReadingRow.document_id.in_([row.id for row in rows])
    for other in session.scalars(select(OtherReadingRow).where(of_them)):
        others.setdefault(other.document_id, []).append(other.text)
    return {
        row.id: doubt_of(
            transcript_from_json(cast(TranscriptJson, row.reading)),
            others.get(row.id, []),
            cast(list[str], (row.extraction or {}).get("missing", [])),
        )
        for row in rows
    }
