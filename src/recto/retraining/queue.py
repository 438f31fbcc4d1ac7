"""The review queue's readings: documents without trusted text are read by the current model of their scope.

What was read waits in the database for a person to correct or accept; it is never taken for the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, or_, select

from recto.datasets.corpus.snapshot import examples_of
from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import RectoError
from recto.registry.reading import load_release
from recto.registry.store import current
from recto.retraining.recipes import usual_way
from recto.workspace.folder import Workspace
from recto.workspace.scopes import in_scope
from recto.workspace.tables import DocumentRow

AT_ONCE = 500
"""So many documents are read in one pass, at most; the next pass goes on."""


@dataclass(frozen=True, slots=True)
class QueueReading:
    """How many queued documents were read, and how many turned out to be unreadable."""

    read: int
    failed: int


def is_unread() -> ColumnElement[bool]:
    """The condition on `DocumentRow` that holds where nothing was read yet (SQL's null or JSON's)."""
    return or_(DocumentRow.reading.is_(None), cast(DocumentRow.reading, String) == "null")


def unread(workspace: Workspace, scope: str) -> list[int]:
    """Rows of queued documents of the scope that nothing has read yet, oldest first."""
    wanted = select(DocumentRow.id).where(
        in_scope(scope, workspace.settings), DocumentRow.state == "queued", is_unread()
    )
    with workspace.read() as session:
        return list(session.scalars(wanted.order_by(DocumentRow.id)))


def read_queue(
    workspace: Workspace,
    scope: str,
    engine: Engine,
    progress: Callable[[int], None] | None = None,
) -> QueueReading:
    """Read at most AT_ONCE unread documents of the scope with `engine`, its current model.

    Each reading is kept at once, so that a kill costs one page. A page that can't be opened or read becomes
    "failed" with the reason. `progress` hears of each document.
    """
    rows = unread(workspace, scope)[:AT_ONCE]
    readings = read_pages(engine, map(open_or_failure, examples_of(workspace, rows)))
    done = failed = 0
    for row, reading in zip(rows, readings, strict=True):
        if isinstance(reading, Transcript):
            done += 1
        else:
            failed += 1
        _keep(workspace, row, reading)
        if progress:
            progress(1)
    return QueueReading(done, failed)


def engine_of(workspace: Workspace, scope: str) -> Engine:
    """The engine that reads for `scope` now: its current Release, or the base weights of the usual recipe."""
    release = current(workspace, scope)
    return load_release(workspace, release) if release else usual_way(workspace).base_engine()


def open_or_failure(example: Example) -> Page | PageFailure:
    """The page of a queued document, or why it can't be opened."""
    try:
        return open_example(example)
    except RectoError as error:
        return PageFailure(example.image, example.page or 1, error)


def _keep(workspace: Workspace, row: int, reading: Transcript | PageFailure) -> None:
    """Write one reading down, unless a person was quicker."""
    with workspace.transaction() as session:
        document = session.get(DocumentRow, row)
        if document is None or document.state != "queued":
            return
        if isinstance(reading, Transcript):
            document.reading = dict(reading.to_json())
        else:
            document.state, document.problem = "failed", str(reading.error)
