"""Snapshots: the Dataset that a Cycle learns from and measures on; and what the corpus holds, in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recto.datasets.corpus.families import groups_of
from recto.datasets.corpus.labels import example_of
from recto.datasets.corpus.placing import ASIDE
from recto.datasets.example import Dataset, Example
from recto.datasets.naming import NO_CATEGORY, SPLITS
from recto.errors import WorkspaceError
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import SightingRow
from recto.workspace.scopes import in_scope, is_example
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pages there are: trusted ones by split, category and business type ("none" without one).

    Those set aside count in none of the three, and pages that no model may see nowhere. `queued` wait for a
    text, `failed` couldn't be read.
    """

    splits: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    businesses: dict[str, int] = field(default_factory=dict)
    aside: int = 0
    queued: int = 0
    failed: int = 0

    @property
    def trusted(self) -> int:
        """Pages with a trusted text that train, validate or test."""
        return sum(self.splits.values())


def look(workspace: Workspace, scope: str, *, limit: int | None = None) -> Dataset:
    """What `snapshot` would give out now, without a mark: to see whether it is enough."""
    with workspace.read() as session:
        return dataset_of(session, _wanted(session, workspace, scope, limit), workspace)


def snapshot(
    workspace: Workspace, scope: str, *, limit: int | None = None, cycle: int | None = None
) -> Dataset:
    """The trusted documents of `scope` that models may see, in the order they were added; sources are blobs.

    `limit` is the most train documents; val and test are whole. Every page that is given out is marked: from
    then on it may have been learnt from, and never comes to measure if it didn't before. `cycle` is the Cycle
    that sees them. So a snapshot is for a training that begins now; `look` and `counts` are for looking.
    """
    with workspace.transaction() as session:
        rows = _wanted(session, workspace, scope, limit)
        mark(session, rows, cycle)
        return dataset_of(session, rows, workspace)


def mark(session: Session, rows: Sequence[DocumentRow], cycle: int | None) -> None:
    """From now on the rows may have been learnt from, by that Cycle if there is one."""
    at = now()
    for row in rows:
        if row.used_at is None:
            row.used_at = at
        if cycle is not None:
            session.add(SightingRow(cycle_id=cycle, document_id=row.id, split=row.split))


def dataset_of(session: Session, rows: Sequence[DocumentRow], workspace: Workspace) -> Dataset:
    """The rows as Examples; those that look alike are of one group."""
    grouped = zip(rows, groups_of(session, rows), strict=True)
    examples = (replace(example_of(row, workspace), group=group) for row, group in grouped)
    return Dataset(tuple(examples), workspace.path)


def _wanted(session: Session, workspace: Workspace, scope: str, limit: int | None) -> list[DocumentRow]:
    query = (
        select(DocumentRow)
        .where(is_example(), DocumentRow.split.in_(SPLITS))
        .where(in_scope(scope, workspace.settings))
        .order_by(DocumentRow.id)
    )
    rows = list(session.scalars(query))
    kept = {row.id for row in [row for row in rows if row.split == "train"][:limit]}
    return [row for row in rows if row.split != "train" or row.id in kept]


def examples_of(workspace: Workspace, row_ids: Sequence[int]) -> tuple[Example, ...]:
    """The Examples of these rows, in this order. Raises WorkspaceError where there is no such row."""
    with workspace.read() as session:
        rows = {row.id: row for row in (session.get(DocumentRow, row_id) for row_id in row_ids) if row}
    missing = [row_id for row_id in row_ids if row_id not in rows]
    if missing:
        raise WorkspaceError(f"there is no document {missing[0]}", where=workspace.path)
    return tuple(example_of(rows[row_id], workspace) for row_id in row_ids)


def categories(workspace: Workspace) -> frozenset[str]:
    """All categories of the workspace's documents, but for "other", which is none."""
    with workspace.read() as session:
        return frozenset(session.scalars(select(DocumentRow.category).distinct())) - {NO_CATEGORY}


def counts(workspace: Workspace, scope: str | None = None) -> Counts:
    """What the workspace holds, of one scope or of all."""
    columns = (
        DocumentRow.state,
        DocumentRow.split,
        DocumentRow.category,
        DocumentRow.business,
        DocumentRow.train_allowed,
    )
    query = select(*columns, func.count().label("number")).group_by(*columns)
    if scope is not None:
        query = query.where(in_scope(scope, workspace.settings))
    with workspace.read() as session:
        rows = session.execute(query).all()
    examples = [row for row in rows if row.state == "trusted" and row.train_allowed]
    useful = [row for row in examples if row.split in SPLITS]
    return Counts(
        splits=_sums((row.split, row.number) for row in useful),
        categories=_sums((row.category, row.number) for row in useful),
        businesses=_sums((row.business or "none", row.number) for row in useful),
        aside=sum(row.number for row in examples if row.split == ASIDE),
        queued=sum(row.number for row in rows if row.state == "queued"),
        failed=sum(row.number for row in rows if row.state == "failed"),
    )


def _sums(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for name, number in parts:
        total[name] += number
    return dict(sorted(total.items(), key=lambda part: (-part[1], part[0])))
