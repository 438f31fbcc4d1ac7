"""What a request wants of its Cycle, and when a person last gave a document its text."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.add_column("requests", sa.Column("recipe", sa.JSON))
    op.add_column("requests", sa.Column("test_mode", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("documents", sa.Column("corrected_at", sa.DateTime))


def downgrade() -> None:
    """Back to 0002: requests by the settings alone, and texts that files may replace."""
    with op.batch_alter_table("documents") as table:
        table.drop_column("corrected_at")
    with op.batch_alter_table("requests") as table:
        table.drop_column("test_mode")
        table.drop_column("recipe")
