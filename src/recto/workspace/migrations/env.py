"""What Alembic runs to migrate: on the connection it is given, inside the transaction that is open there.

Nothing here connects by itself: `recto.workspace.database` does.
"""

from alembic import context
from sqlalchemy import Connection

from recto.workspace import review_tables  # noqa: F401  its tables belong to the metadata
from recto.workspace.tables import Table


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
