"""The first tables: documents and their places, Releases, Cycles and what was said of them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HASH = sa.String(64)


def upgrade() -> None:
    """To this step."""
    _documents()
    _cycles()
    _releases()


def downgrade() -> None:
    """Back to an empty database."""
    for table in (
        "promotions",
        "current_releases",
        "verdicts",
        "requests",
        "releases",
        "cycles",
        "kinships",
        "placements",
        "documents",
    ):
        op.drop_table(table)


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("sha256", HASH, nullable=False),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("business", sa.String),
        sa.Column("group", sa.String),
        sa.Column("split", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("text", sa.String),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("reading", sa.JSON),
        sa.Column("problem", sa.String),
        sa.Column("print", HASH),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("trusted_at", sa.DateTime),
        sa.Column("used_at", sa.DateTime),
        sa.UniqueConstraint("sha256", "page"),
    )
    op.create_index("documents_of_split", "documents", ["split", "business"])
    op.create_index("ix_documents_group", "documents", ["group"])
    op.create_index("ix_documents_name", "documents", ["name"])
    op.create_table(
        "placements",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("split", sa.String, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
    )
    op.create_table(
        "kinships",
        sa.Column("one", HASH, primary_key=True),
        sa.Column("other", HASH, primary_key=True),
        sa.Column("likeness", sa.Double, nullable=False),
    )
    op.create_index("ix_kinships_other", "kinships", ["other"])


def _cycles() -> None:
    op.create_table(
        "cycles",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("data_fingerprint", sa.String, nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("run_folder", sa.String, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("seconds", sa.Double),
        sa.Column("peak_memory_mb", sa.Double),
        sa.Column("cost", sa.Double),
        sa.Column("outcome", sa.String),
    )
    op.create_index("ix_cycles_scope", "cycles", ["scope"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("cycle_id", sa.Integer, sa.ForeignKey("cycles.id"), nullable=False),
        sa.Column("gate", sa.String, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_verdicts_cycle_id", "verdicts", ["cycle_id"])
    op.create_table(
        "requests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("cycle_id", sa.Integer, sa.ForeignKey("cycles.id")),
    )


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("content_sha256", HASH, nullable=False),
        sa.Column("data_fingerprint", sa.String, nullable=False),
        sa.Column("recipe_sha256", sa.String, nullable=False),
        sa.Column("code_version", sa.String, nullable=False),
        sa.Column("base_sha256", sa.String, nullable=False),
        sa.Column("cycle_id", sa.Integer, sa.ForeignKey("cycles.id")),
        sa.Column("metrics", sa.JSON, nullable=False),
    )
    op.create_index("ix_releases_scope", "releases", ["scope"])
    op.create_table(
        "current_releases",
        sa.Column("scope", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, sa.ForeignKey("releases.number"), nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
    )
    op.create_table(
        "promotions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("number", sa.Integer, sa.ForeignKey("releases.number"), nullable=False),
        sa.Column("previous", sa.Integer),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_promotions_scope", "promotions", ["scope"])
