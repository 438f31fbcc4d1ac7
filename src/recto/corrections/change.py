"""Change: one save under way, in its transaction: was it saved before, is it stale, how it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from recto.corrections.content import content_of, fields_json, fields_of, version_of
from recto.corrections.edit import Conflict, Kind, Saved, Stamp, Stream
from recto.datasets.example import JsonValue
from recto.errors import CorrectionError
from recto.workspace.review_tables import CorrectionRow, DoubtRow, DraftRow, LeaseRow
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Change:
    """What `stamp.author` wants to save of a row; `request` is the fingerprint of all that he sent."""

    session: Session
    row: DocumentRow
    kind: Kind
    stamp: Stamp
    request: str

    def known(self) -> Saved | None:
        """What came of it, where the same key saved it before. Raises CorrectionError for another save."""
        if self.stamp.key is None:
            return None
        earlier = self.session.scalar(
            select(CorrectionRow).where(
                CorrectionRow.author == self.stamp.author, CorrectionRow.request_key == self.stamp.key
            )
        )
        if earlier is None:
            return None
        if earlier.request_sha256 != self.request:
            raise CorrectionError(
                "this Idempotency-Key has saved something else", hint="make a new one for each save"
            )
        return Saved(earlier.id, earlier.version_after, repeated=True)

    @property
    def version(self) -> str:
        """Of what is there now."""
        if self.kind == "transcript":
            return content_of(self.row).version
        return version_of(fields_json(self.row))

    @property
    def content(self) -> dict[str, JsonValue]:
        """What is there now, as corrections keep it."""
        if self.kind == "fields":
            return {"fields": fields_of(self.row)}
        standing = self.row.corrected_at.isoformat() if self.row.corrected_at else None
        return content_of(self.row).to_json() | {"corrected_at": standing, "problem": self.row.problem}

    def conflict(self, sent: Mapping[str, JsonValue]) -> Conflict | None:
        """Both sides, where what is there isn't what the author saw any more."""
        if self.version == self.stamp.version:
            return None
        return Conflict(self.version, self.content, sent, self._seen())

    def saved(self, before: Mapping[str, JsonValue], undoes: int | None = None) -> Saved:
        """Keep what the row says now beside what it said `before`; the author's draft is done."""
        self.session.flush()
        reading = self.row.reading or {}
        correction = CorrectionRow(
            document_id=self.row.id,
            kind=self.kind,
            at=now(),
            author=self.stamp.author,
            release=cast(str | None, reading.get("release")),
            engine=cast(str | None, reading.get("engine")),
            before=dict(before),
            after=dict(self.content),
            version_before=self.stamp.version,
            version_after=self.version,
            undoes=undoes,
            stream=self._stream(),
            request_key=self.stamp.key,
            request_sha256=None if self.stamp.key is None else self.request,
        )
        self.session.add(correction)
        self._tidy()
        self.session.flush()
        return Saved(correction.id, correction.version_after)

    def last_standing(self) -> CorrectionRow | None:
        """The newest correction of this kind that isn't undone."""
        undone = select(CorrectionRow.undoes).where(
            CorrectionRow.document_id == self.row.id, CorrectionRow.undoes.is_not(None)
        )
        return self.session.scalar(
            select(CorrectionRow)
            .where(
                CorrectionRow.document_id == self.row.id,
                CorrectionRow.kind == self.kind,
                CorrectionRow.undoes.is_(None),
                CorrectionRow.id.not_in(undone),
            )
            .order_by(CorrectionRow.id.desc())
            .limit(1)
        )

    def _seen(self) -> Mapping[str, JsonValue] | None:
        """What the stamp's version was, if a correction made it or replaced it."""
        mine = (CorrectionRow.document_id == self.row.id, CorrectionRow.kind == self.kind)
        rows = self.session.scalars(select(CorrectionRow).where(*mine).order_by(CorrectionRow.id.desc()))
        for row in rows:
            for version, content in ((row.version_after, row.after), (row.version_before, row.before)):
                if version == self.stamp.version:
                    return cast(Mapping[str, JsonValue] | None, content)
        return None

    def _stream(self) -> Stream:
        """How the page came to its author: as his lease says, else he opened it by himself.

        Whoever saves a page that was handed out at random, and however late: without those that take long, or
        go from hand to hand, the model would look better than it is.
        """
        lease = self.session.get(LeaseRow, self.row.id)
        if lease is None or (lease.author != self.stamp.author and lease.stream != "random"):
            return "open"
        return cast(Stream, lease.stream)

    def _tidy(self) -> None:
        mine = (DraftRow.document_id == self.row.id, DraftRow.author == self.stamp.author)
        self.session.execute(delete(DraftRow).where(*mine, DraftRow.kind == self.kind))
        if self.kind != "transcript":
            return
        own = (LeaseRow.document_id == self.row.id, LeaseRow.author == self.stamp.author)
        self.session.execute(delete(LeaseRow).where(*own))
        self.session.execute(delete(DoubtRow).where(DoubtRow.document_id == self.row.id))
