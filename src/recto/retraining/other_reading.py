"""The other reading: what waits for a person is read by another engine as well, where the settings name one.

Where the two disagree, somebody is wrong, and the page moves up in the queue. It never becomes a text.
"""

from contextlib import suppress

from sqlalchemy import exists, not_, select

from recto.corrections.place import Place
from recto.corrections.readings import keep_other_reading
from recto.datasets.corpus.snapshot import examples_of
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.reading import read_pages
from recto.errors import DocumentUnknown
from recto.retraining.queue import AT_ONCE, is_unread, open_or_failure
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import OtherReadingRow
from recto.workspace.scopes import in_scope
from recto.workspace.tables import DocumentRow


def read_once(workspace: Workspace, scope: str) -> list[tuple[int, Place]]:
    """The scope's pages that wait and were read, but not by `review.other_engine`; with their rows.

    The oldest first, AT_ONCE at most.
    """
    engine = workspace.settings.review.other_engine
    if not engine:
        return []
    other = exists().where(OtherReadingRow.document_id == DocumentRow.id, OtherReadingRow.engine == engine)
    wanted = select(DocumentRow.id, DocumentRow.sha256, DocumentRow.page).where(
        in_scope(scope, workspace.settings), DocumentRow.state == "queued", not_(is_unread()), not_(other)
    )
    with workspace.read() as session:
        rows = session.execute(wanted.order_by(DocumentRow.id).limit(AT_ONCE))
        return [(row, Place(sha256, page or 1)) for row, sha256, page in rows]


def other_engine(workspace: Workspace) -> Engine:
    """The engine that reads again. Raises what keeps it from loading."""
    return load(workspace.settings.review.other_engine, settings=workspace.settings)


def read_again(workspace: Workspace, scope: str, engine: Engine) -> int:
    """Read those pages with `engine`; how many.

    A page that it can't read says nothing to it. Each reading is kept at once: a kill costs one page.
    """
    waiting = read_once(workspace, scope)
    examples = examples_of(workspace, [row for row, _ in waiting])
    readings = read_pages(engine, map(open_or_failure, examples))
    for (_, place), reading in zip(waiting, readings, strict=True):
        text = reading.text if isinstance(reading, Transcript) else ""
        with suppress(DocumentUnknown):  # withdrawn meanwhile
            keep_other_reading(workspace, place, workspace.settings.review.other_engine, text)
    return len(waiting)
