"""A promotion without a number: the scope went back to having no Release of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    with op.batch_alter_table("promotions") as table:
        table.alter_column("number", existing_type=sa.Integer, nullable=True)


def downgrade() -> None:
    """Back to 0001, which can't say that no Release was current."""
    op.execute("DELETE FROM promotions WHERE number IS NULL")
    with op.batch_alter_table("promotions") as table:
        table.alter_column("number", existing_type=sa.Integer, nullable=False)
