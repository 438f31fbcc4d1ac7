"""Jobs count the claims that ran out; what stands among their documents has no columns beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FIRST = {
    "sqlite": "json_extract(options, '$.documents[0].{field}')",
    "postgresql": "options #>> '{{documents,0,{field}}}'",
}
"""A field of a job's first document, as each database says it."""


def upgrade() -> None:
    """To this step."""
    for column in ("name", "sha256", "page_count"):
        op.drop_column("jobs", column)  # never by a new table: the end of the old one would delete all pages
    op.add_column("jobs", sa.Column("lost", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    """Back to 0004: names and hashes of the first documents again; nothing reads page counts there."""
    op.drop_column("jobs", "lost")
    op.add_column("jobs", sa.Column("page_count", sa.Integer))
    op.add_column("jobs", sa.Column("name", sa.String, nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("sha256", sa.String(64), nullable=False, server_default=""))
    first = _FIRST[op.get_bind().dialect.name]
    for field in ("name", "sha256"):
        op.execute(f"UPDATE jobs SET {field} = {first.format(field=field)}")
