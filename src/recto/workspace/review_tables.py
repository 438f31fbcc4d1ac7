"""The tables of what people do with documents (corrections, drafts, leases, doubts), and of the people.

They belong to the same database and history as `tables`; queries live with their nouns.
"""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from recto.workspace.tables import Table


class CorrectionRow(Table):
    """One change that a person made, or a program for him; rows are added and never changed.

    `before` and `after` hold what `kind` (transcript, fields, consent) is about; both are None once the
    document was withdrawn. `release` and `engine` made the reading that was corrected. `undoes` is the
    correction that this one takes back. `stream` says how the page came to its author: by value, at random,
    or opened by hand. `request_key` is his Idempotency-Key, `request_sha256` what came with it.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        UniqueConstraint("author", "request_key"),
        Index("corrections_of_document", "document_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    author: Mapped[str]
    release: Mapped[str | None]
    engine: Mapped[str | None]
    before: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    version_before: Mapped[str] = mapped_column(String(16))
    version_after: Mapped[str] = mapped_column(String(16))
    undoes: Mapped[int | None] = mapped_column(ForeignKey("corrections.id"))
    stream: Mapped[str]  # value | random | open
    request_key: Mapped[str | None]
    request_sha256: Mapped[str | None] = mapped_column(String(64))


class SightingRow(Table):
    """A page that was in the snapshot of a Cycle: as train (learnt from), val (chose the epoch) or test."""

    __tablename__ = "sightings"

    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycles.id"), primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True, index=True)
    split: Mapped[str]


class OtherReadingRow(Table):
    """What another engine reads on a page that waits in the queue: where two disagree, somebody is wrong."""

    __tablename__ = "other_readings"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    engine: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    text: Mapped[str]


class DraftRow(Table):
    """What a reviewer has begun and not saved: `content` of `kind`, on top of `version`."""

    __tablename__ = "drafts"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    author: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # transcript | fields
    content: Mapped[dict[str, object]] = mapped_column(JSON)
    version: Mapped[str]
    at: Mapped[datetime]


class LeaseRow(Table):
    """Who works on a page until when; one that has run out counts for nothing."""

    __tablename__ = "leases"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    author: Mapped[str]
    until: Mapped[datetime]
    stream: Mapped[str]  # value | random | open


class DoubtRow(Table):
    """A page that somebody looked at and left to others, since he wasn't sure."""

    __tablename__ = "doubts"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    author: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class PersonRow(Table):
    """Somebody who signs in; the row stays when he is removed, for his name stands in corrections."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]  # reader | reviewer | admin
    businesses: Mapped[list[str]] = mapped_column(JSON)  # empty: all that aren't closed
    password_hash: Mapped[str]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SessionRow(Table):
    """One sign-in: `sha256` is of the cookie, which nobody keeps; `csrf` goes along with each change."""

    __tablename__ = "sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
