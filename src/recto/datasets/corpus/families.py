"""Families of a snapshot: documents that look alike get one group, so that they stay together.

Whether an interval is drawn from them or lines are held out, twenty pictures of one page are one page.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.datasets.kinship import Tie, families
from recto.workspace.tables import DocumentRow, KinshipRow

_AT_ONCE = 500


def groups_of(session: Session, rows: Sequence[DocumentRow]) -> list[str | None]:
    """The group of each row: its own, or its family's where it looks like documents of another or of none."""
    out = [row.group for row in rows]
    for family in families(len(rows), list(_ties(session, rows))):
        named = sorted({group for i in family if (group := out[i])})
        if not named and len({rows[i].sha256 for i in family}) == 1:
            continue  # the pages of one document, which its name keeps together
        for i in family:
            out[i] = named[0] if named else f"like {rows[family[0]].sha256[:12]}"
    return out


def _ties(session: Session, rows: Sequence[DocumentRow]) -> Iterator[Tie]:
    """Rows of one document, of one group, and of documents that look alike."""
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        for key in (f"document {row.sha256}", f"group {row.group}" if row.group else ""):
            if key and (earlier := first.setdefault(key, index)) != index:
                yield Tie(earlier, index, key)
    hashes = sorted({row.sha256 for row in rows})
    for start in range(0, len(hashes), _AT_ONCE):
        some = KinshipRow.one.in_(hashes[start : start + _AT_ONCE])
        for one, other in session.execute(select(KinshipRow.one, KinshipRow.other).where(some)):
            here, there = first[f"document {one}"], first.get(f"document {other}")
            if there is not None:
                yield Tie(here, there, "look alike")
