"""Placing: the split of a document in the workspace, kept for ever by the keys of its family.

Keys are `document SHA256` and `group NAME`; kin share a document, a group, or look alike. Whoever joins a
family takes its split. Where families of different splits meet, or an annotation gives a stricter one, all
of them take the strictest: rows that no snapshot has held move there; those that one has held, and what
looks like them, go aside, since they may have been learnt from and must not measure. Nothing ever moves
towards train.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, cast

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from recto.datasets.example import Split
from recto.datasets.splitting import STRICTEST, Shares, place_of
from recto.workspace.tables import DocumentRow, KinshipRow, PlacementRow

UNPLACED: Final = "none"
"""The split of documents that wait for a text: they are placed when they get one."""
ASIDE: Final = "aside"
"""The split of documents that were learnt from and then turned out to be kin of stricter ones."""

_AT_ONCE = 500


def place(
    session: Session, sha256: str, shares: Shares, at: datetime, given: Split | None = None
) -> list[int]:
    """Place a document whose rows and kinships are in the session; gives the ids of all rows that moved.

    `given` is the split that an annotation wants. Without kin that have a place it counts, or else the
    number drawn from the group (or the document's hash).
    """
    groups = set(_column(session, DocumentRow.group, DocumentRow.sha256 == sha256)) - {None}
    own = [f"document {sha256}", *sorted(f"group {group}" for group in groups)]
    kin = _kin(session, {sha256})
    places = _places(session, [*own, *(f"document {other}" for other in kin)])
    wanted = set(places.values()) | ({given} if given else set())
    split = strictest(wanted or {shares.split_of(place_of(key)) for key in own[1:] or own})
    for key in own:
        if key not in places:
            session.add(PlacementRow(key=key, split=split, since=at))
    session.flush()
    looser = {key for key, there in places.items() if there != split}
    moved = _tighten(session, looser, split, at) if looser else []
    return moved + _settle(session, sha256, kin, split)


def is_placed(session: Session, sha256: str) -> bool:
    """Whether the document has its place already."""
    return session.get(PlacementRow, f"document {sha256}") is not None


def strictest(splits: Iterable[str]) -> Split:
    """Test before val before train."""
    return min((cast(Split, split) for split in splits), key=STRICTEST.index)


def _settle(session: Session, sha256: str, kin: set[str], split: Split) -> list[int]:
    """Give the rows of the document that have no place yet its split, unless their like was learnt from."""
    spoilt = session.scalars(
        select(DocumentRow.id)
        .where(DocumentRow.sha256.in_({sha256, *kin}), DocumentRow.split == ASIDE)
        .limit(1)
    ).first()
    rows = session.scalars(
        select(DocumentRow).where(DocumentRow.sha256 == sha256, DocumentRow.split == UNPLACED)
    ).all()
    for row in rows:
        row.split = split if spoilt is None else ASIDE
    return [row.id for row in rows]


def _tighten(session: Session, keys: set[str], split: Split, at: datetime) -> list[int]:
    """Take the families of `keys` to the stricter `split`; the ids of the rows that moved."""
    documents, groups = _family(session, keys)
    wanted = [f"document {sha256}" for sha256 in documents] + [f"group {group}" for group in groups]
    for some in _parts(wanted):
        for placement in session.scalars(select(PlacementRow).where(PlacementRow.key.in_(some))):
            if placement.split != strictest((placement.split, split)):
                placement.split, placement.since = split, at
    rows: list[DocumentRow] = []
    for some in _parts(documents):
        rows += session.scalars(select(DocumentRow).where(DocumentRow.sha256.in_(some)))
    looser = [r for r in rows if r.split not in (UNPLACED, ASIDE) and r.split != strictest((r.split, split))]
    learnt = {row.sha256 for row in looser if row.used_at is not None}
    learnt |= {row.sha256 for row in rows if row.split == ASIDE}
    spoilt = learnt | _kin(session, learnt)
    for row in looser:
        row.split = ASIDE if row.sha256 in spoilt else split
    session.flush()
    return [row.id for row in looser]


def _family(session: Session, keys: set[str]) -> tuple[set[str], set[str]]:
    """All placed documents and groups that hang together with `keys`, through any number of others."""
    documents: set[str] = set()
    groups: set[str] = set()
    new_documents = {key.removeprefix("document ") for key in keys if key.startswith("document ")}
    new_groups = {key.removeprefix("group ") for key in keys if key.startswith("group ")}
    while new_documents or new_groups:
        documents |= new_documents
        groups |= new_groups
        found_documents = _kin(session, new_documents)
        found_groups: set[str] = set()
        for some in _parts(new_groups):
            found_documents |= set(_column(session, DocumentRow.sha256, DocumentRow.group.in_(some)))
        found_documents = _placed_among(session, found_documents)
        for some in _parts(new_documents):
            found_groups |= set(_column(session, DocumentRow.group, DocumentRow.sha256.in_(some))) - {None}
        new_documents, new_groups = found_documents - documents, found_groups - groups
    return documents, groups


def _placed_among(session: Session, documents: set[str]) -> set[str]:
    found: set[str] = set()
    for some in _parts(documents):
        found |= set(_places(session, [f"document {sha256}" for sha256 in some]))
    return {key.removeprefix("document ") for key in found}


def _places(session: Session, keys: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _parts(keys):
        rows = select(PlacementRow.key, PlacementRow.split).where(PlacementRow.key.in_(some))
        found |= {row.key: row.split for row in session.execute(rows)}
    return found


def _kin(session: Session, documents: set[str]) -> set[str]:
    """The documents that look like one of `documents`."""
    found: set[str] = set()
    for some in _parts(documents):
        pairs = select(KinshipRow.one, KinshipRow.other).where(
            or_(KinshipRow.one.in_(some), KinshipRow.other.in_(some))
        )
        for one, other in session.execute(pairs):
            found |= {one, other}
    return found - documents


def _column(session: Session, column: object, condition: ColumnElement[bool]) -> list[str]:
    return list(session.scalars(select(column).where(condition).distinct()))  # type: ignore[call-overload]


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    """The values in lists that a query can hold."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
