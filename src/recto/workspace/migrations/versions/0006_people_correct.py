"""What people do with documents: corrections, drafts, leases, doubts, consent; people; what Cycles saw."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HASH = sa.String(64)
VERSION = sa.String(16)


def upgrade() -> None:
    """To this step."""
    op.add_column(
        "documents", sa.Column("train_allowed", sa.Boolean, nullable=False, server_default=sa.true())
    )
    op.add_column("documents", sa.Column("extraction", sa.JSON))
    op.add_column("documents", sa.Column("doubt", sa.JSON))
    _corrections()
    _work()
    _people()


def downgrade() -> None:
    """Back to 0005: nobody corrects."""
    for table in (
        "sessions",
        "people",
        "doubts",
        "leases",
        "drafts",
        "other_readings",
        "sightings",
        "corrections",
    ):
        op.drop_table(table)
    for column in ("doubt", "extraction", "train_allowed"):
        op.drop_column("documents", column)


def _document() -> sa.Column[int]:
    return sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), primary_key=True)


def _author() -> sa.Column[str]:
    return sa.Column("author", sa.String, primary_key=True)


def _at() -> sa.Column[datetime]:
    return sa.Column("at", sa.DateTime, nullable=False)


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("release", sa.String),
        sa.Column("engine", sa.String),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("version_before", VERSION, nullable=False),
        sa.Column("version_after", VERSION, nullable=False),
        sa.Column("undoes", sa.Integer, sa.ForeignKey("corrections.id")),
        sa.Column("stream", sa.String, nullable=False),
        sa.Column("request_key", sa.String),
        sa.Column("request_sha256", HASH),
        sa.UniqueConstraint("author", "request_key"),
    )
    op.create_index("corrections_of_document", "corrections", ["document_id", "kind"])
    op.create_index("ix_corrections_at", "corrections", ["at"])
    op.create_table(
        "sightings",
        sa.Column("cycle_id", sa.Integer, sa.ForeignKey("cycles.id"), primary_key=True),
        _document(),
        sa.Column("split", sa.String, nullable=False),
    )
    op.create_index("ix_sightings_document_id", "sightings", ["document_id"])


def _work() -> None:
    op.create_table(
        "other_readings",
        _document(),
        sa.Column("engine", sa.String, primary_key=True),
        _at(),
        sa.Column("text", sa.String, nullable=False),
    )
    op.create_table(
        "drafts",
        _document(),
        _author(),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        _at(),
    )
    op.create_table(
        "leases",
        _document(),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.Column("stream", sa.String, nullable=False),
    )
    op.create_table("doubts", _document(), _author(), _at())


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("businesses", sa.JSON, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("removed_at", sa.DateTime),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", HASH, primary_key=True),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("people.id"), nullable=False),
        sa.Column("csrf", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
