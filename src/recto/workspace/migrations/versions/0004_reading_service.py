"""What the reading service keeps: keys and their usage, jobs with their pages, samples, accesses."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HASH = sa.String(64)
JOB = sa.String(32)


def upgrade() -> None:
    """To this step."""
    _keys()
    _jobs()
    _records()


def downgrade() -> None:
    """Back to 0003: no service."""
    for table in ("accesses", "samples", "job_pages", "jobs", "usage", "api_keys"):
        op.drop_table(table)


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("sha256", HASH, nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("businesses", sa.JSON, nullable=False),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("pages_per_day", sa.Integer),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("revoked_at", sa.DateTime),
    )
    op.create_index("ix_api_keys_name", "api_keys", ["name"])
    op.create_table(
        "usage",
        sa.Column("key_id", sa.Integer, sa.ForeignKey("api_keys.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("pages", sa.Integer, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", JOB, primary_key=True),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("api_keys.id")),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("page_count", sa.Integer),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("started_at", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("problem", sa.JSON),
        sa.Column("webhook", sa.String),
        sa.Column("webhook_outcome", sa.String),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("claimed_until", sa.DateTime),
        sa.Column("claimed_by", JOB),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("webhook_attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("webhook_due", sa.DateTime),
    )
    op.create_index("jobs_of_state", "jobs", ["state", "created_at"])
    op.create_index("jobs_of_tenant", "jobs", ["tenant"])
    op.create_table(
        "job_pages",
        sa.Column("job_id", JOB, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("page", sa.Integer, primary_key=True),
        sa.Column("transcript", sa.JSON),
        sa.Column("problem", sa.JSON),
    )


def _records() -> None:
    op.create_table(
        "samples",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("release", sa.String),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("thumbnail", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_samples_at", "samples", ["at"])
    op.create_table(
        "accesses",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("api_keys.id")),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
    )
    op.create_index("ix_accesses_at", "accesses", ["at"])
