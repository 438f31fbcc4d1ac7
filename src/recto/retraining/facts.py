"""Facts: what the Triggers of one scope may know, counted from the database. Nothing is measured here.

Those of taggers are counted in `field_facts`.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recto.registry.fields_scope import is_of_fields
from recto.registry.gates import foresee
from recto.retraining.accuracy import known_accuracy
from recto.retraining.field_facts import gather_fields
from recto.retraining.ledger import last_run
from recto.retraining.queue import is_unread
from recto.retraining.triggers import Facts
from recto.settings import Settings
from recto.workspace.folder import Workspace
from recto.workspace.scopes import in_scope, is_example
from recto.workspace.tables import DocumentRow

SPLITS = ("train", "val", "test")


class _Trusted(NamedTuple):
    split: str
    category: str
    business: str | None
    trusted_at: datetime | None
    name: str
    group: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Documents of a scope without trusted text: to be read, read and waiting for a person, unreadable."""

    unread: int
    queued: int
    failed: int


def gather(workspace: Workspace, scope: str, moment: datetime) -> Facts:
    """The Facts of `scope` at `moment`."""
    return (
        gather_fields(workspace, scope, moment) if is_of_fields(scope) else _gather(workspace, scope, moment)
    )


def _gather(workspace: Workspace, scope: str, moment: datetime) -> Facts:
    with workspace.read() as session:
        trusted = select(
            DocumentRow.split,
            DocumentRow.category,
            DocumentRow.business,
            DocumentRow.trusted_at,
            DocumentRow.name,
            DocumentRow.group,
        ).where(
            in_scope(scope, workspace.settings),
            is_example(),
            DocumentRow.split.in_(SPLITS),
        )
        rows = [_Trusted(*row) for row in session.execute(trusted)]
        run = last_run(session, scope)
        since = run.started_at if run else None
        known = run.documents.get("business", {}) if run else {}
    new = [row for row in rows if since is None or (row.trusted_at is not None and row.trusted_at > since)]
    accuracy = known_accuracy(workspace, scope)
    test = [(row.name, row.group) for row in rows if row.split == "test"]
    refusal = foresee(test, workspace.settings.gates)
    return Facts(
        scope=scope,
        now=moment,
        trusted=Counter(row.split for row in rows),
        new=len(new),
        new_train=sum(row.split == "train" for row in new),
        last_run=since,
        accuracy=accuracy.value,
        measured=accuracy.measured,
        refusal=refusal.reason if refusal else "",
        mix=Counter(row.category for row in rows),
        business=frozenset(row.business for row in rows if row.split == "train" and row.business),
        known_business=frozenset(known if isinstance(known, dict) else ()),
    )


def waiting(session: Session, scope: str, settings: Settings) -> Waiting:
    """How many documents of the scope wait for a reading or for a person."""
    unread = is_unread()
    states = (
        select(DocumentRow.state, unread, func.count())
        .where(in_scope(scope, settings))
        .group_by(DocumentRow.state, unread)
    )
    counts = {(state, bool(unread)): count for state, unread, count in session.execute(states)}
    return Waiting(
        unread=counts.get(("queued", True), 0),
        queued=counts.get(("queued", True), 0) + counts.get(("queued", False), 0),
        failed=counts.get(("failed", True), 0) + counts.get(("failed", False), 0),
    )
