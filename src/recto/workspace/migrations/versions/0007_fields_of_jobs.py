"""Jobs keep the fields of their documents."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "job_fields",
        sa.Column("job_id", sa.String(32), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("document", sa.Integer, primary_key=True),
        sa.Column("extraction", sa.JSON),
        sa.Column("problem", sa.JSON),
    )


def downgrade() -> None:
    """Back to 0006: fields that were found for jobs are lost, their pages aren't."""
    op.drop_table("job_fields")
