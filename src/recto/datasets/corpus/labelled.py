"""Labelled pages: those whose trusted fields teach a tagger, as a Dataset of their own.

Their splits are those of all documents, frozen as everywhere; their text may wait for a person still. What a
field is, is not known here: who asks says which fields teach.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.datasets.corpus.snapshot import dataset_of, mark
from recto.datasets.example import Dataset, JsonValue
from recto.datasets.naming import SPLITS
from recto.settings import Settings
from recto.workspace.folder import Workspace
from recto.workspace.scopes import in_scope, may_teach_fields
from recto.workspace.tables import DocumentRow

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Labels:
    """Which pages of `scope` (None: all): those of the `categories` (None: any) with fields which `teach`."""

    scope: str | None
    categories: frozenset[str] | None
    teach: Callable[[Mapping[str, JsonValue]], bool]


class LabelledPage(NamedTuple):
    """The row of a labelled page, its document and its split."""

    row: int
    sha256: str
    split: str


def labelled_pages(session: Session, settings: Settings, labels: Labels) -> tuple[LabelledPage, ...]:
    """The labelled pages that train, validate or test, oldest first."""
    fields = DocumentRow.facts["fields"]  # of lines and all else nothing is fetched
    query = (
        select(DocumentRow.id, DocumentRow.sha256, DocumentRow.split, fields)
        .where(may_teach_fields(), DocumentRow.split.in_(SPLITS))
        .order_by(DocumentRow.id)
    )
    if labels.scope is not None:
        query = query.where(in_scope(labels.scope, settings))
    if labels.categories is not None:
        query = query.where(DocumentRow.category.in_(sorted(labels.categories)))
    return tuple(
        LabelledPage(row, sha256, split)
        for row, sha256, split, told in session.execute(query)
        if told and labels.teach(cast(Mapping[str, JsonValue], told))
    )


def look_labelled(workspace: Workspace, labels: Labels) -> Dataset:
    """What `snapshot_labelled` would give out now, without a mark: to see whether it is enough."""
    with workspace.read() as session:
        return dataset_of(session, _rows(session, workspace, labels), workspace)


def snapshot_labelled(workspace: Workspace, labels: Labels, cycle: int) -> Dataset:
    """The labelled pages for the training of `cycle`, which begins now: each is marked as seen by it."""
    with workspace.transaction() as session:
        rows = _rows(session, workspace, labels)
        mark(session, rows, cycle)
        return dataset_of(session, rows, workspace)


def _rows(session: Session, workspace: Workspace, labels: Labels) -> list[DocumentRow]:
    wanted = [page.row for page in labelled_pages(session, workspace.settings, labels)]
    rows: list[DocumentRow] = []
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(DocumentRow).where(DocumentRow.id.in_(wanted[start : start + _AT_ONCE]))
        rows += session.scalars(some.order_by(DocumentRow.id))
    return rows
