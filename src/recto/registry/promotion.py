"""Promotion and rollback: which Release is current for a scope, and the history of that. Nothing is judged.

Each is one transaction that changes one row: a kill at any moment leaves exactly the old or the new one.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.errors import RegistryError
from recto.registry.fields_scope import check_kind, is_of_fields
from recto.registry.release import way_out
from recto.registry.store import release, row_of, verify
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL, CurrentRow, PromotionRow
from recto.workspace.utc import now

Kind = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """`number` became current for `scope` in place of `previous`; None is no Release of its own."""

    scope: str
    number: int | None
    previous: int | None
    kind: str
    reason: str
    at: datetime

    @property
    def changed(self) -> bool:
        """Whether another Release is current now than before."""
        return self.number != self.previous


def promote(workspace: Workspace, number: int, *, scope: str, reason: str) -> Promotion:
    """Make Release `number` current for `scope`, once its files are verified.

    Where it is current already, nothing is written and the answer isn't `changed`. Raises RegistryError for
    a Release that doesn't exist or isn't as it was, and for a scope that nothing reads with.
    """
    check_scope(workspace, scope)
    verify(workspace, release(workspace, number))
    with workspace.transaction() as session:
        return promote_in(session, number, scope=scope, reason=reason)


def promote_in(session: Session, number: int, *, scope: str, reason: str) -> Promotion:
    """As `promote`, as a part of the caller's transaction, and without looking at the files."""
    return _change(session, _fit(session, number, scope), scope, ("promote", reason))


def rollback(workspace: Workspace, scope: str, *, to: int | None = None, reason: str) -> Promotion:
    """Go back to the Release that was current before this one, or to Release `to`.

    Several in a row go further and further back. Raises RegistryError where there is none before.
    """
    while True:
        number = previous(workspace, scope) if to is None else to
        verify(workspace, release(workspace, number))
        with workspace.transaction() as session:
            if to is None and _before(_history(session, scope)) != number:
                continue  # another promotion came between the look and the change
            return _change(session, _fit(session, number, scope), scope, ("rollback", reason))


def withdraw(workspace: Workspace, scope: str, *, reason: str) -> Promotion:
    """Go back to no Release at all: `scope` reads with the general one then, general with the base weights.

    No file is looked at, so that this way out is always open.
    """
    with workspace.transaction() as session:
        return _change(session, None, scope, ("rollback", reason))


def previous(workspace: Workspace, scope: str) -> int:
    """The Release to which a rollback of `scope` would go. Raises RegistryError where there is none."""
    with workspace.read() as session:
        row, number = session.get(CurrentRow, scope), _before(_history(session, scope))
    if row is None:
        raise RegistryError(
            f"no Release is current for scope {scope!r}: there is nothing to go back from",
            where=workspace.path,
            hint="recto releases shows what there is; recto releases promote N makes one current",
        )
    if number is None:
        raise RegistryError(
            f"no Release was current for scope {scope!r} before {row.number}: there is none to go back to",
            where=workspace.path,
            hint=f"any other: recto releases rollback --to N; none of them: {way_out(scope)}",
        )
    return number


def promotions(workspace: Workspace, scope: str | None = None) -> tuple[Promotion, ...]:
    """All promotions and rollbacks, of one scope if it is named, oldest first."""
    with workspace.read() as session:
        return _history(session, scope)


def check_scope(workspace: Workspace, scope: str) -> None:
    """Raise RegistryError unless `scope` is general, has a loop by the settings, or is of taggers."""
    if is_of_fields(scope):
        return
    scopes = (GENERAL, *workspace.settings.triggers.scopes)
    if scope not in scopes:
        raise RegistryError(
            f"there is no scope {scope!r}",
            where=workspace.path,
            hint=f"scopes: {', '.join(scopes)}; others can be named in triggers.scopes of recto.toml",
        )


def _fit(session: Session, number: int, scope: str) -> int:
    """The number of a Release that is of the scope's kind."""
    row = row_of(session, number)
    check_kind(row.number, row.engine, scope)
    return row.number


def _change(session: Session, number: int | None, scope: str, why: tuple[Kind, str]) -> Promotion:
    """Only writers come here, one at a time (`workspace.transaction`): what is read stays true."""
    at = now()
    row = session.get(CurrentRow, scope)
    step = Promotion(scope, number, row.number if row else None, *why, at)
    if step.changed:
        if row is None:
            session.add(CurrentRow(scope=scope, number=number, since=at))
        elif number is None:
            session.delete(row)
        else:
            row.number, row.since = number, at
        session.add(PromotionRow(**asdict(step)))
    return step


def _history(session: Session, scope: str | None) -> tuple[Promotion, ...]:
    query = select(PromotionRow).order_by(PromotionRow.id)
    if scope is not None:
        query = query.where(PromotionRow.scope == scope)
    return tuple(
        Promotion(row.scope, row.number, row.previous, row.kind, row.reason, row.at)
        for row in session.scalars(query)
    )


def _before(history: Iterable[Promotion]) -> int | None:
    """The Release before the current one: promotions pile up, a rollback takes from the pile."""
    pile: list[int] = []
    for step in history:
        if step.number is None:
            pile.clear()
        elif step.kind == "rollback" and step.number in pile:
            while pile[-1] != step.number:
                pile.pop()
        else:
            pile.append(step.number)
    return pile[-2] if len(pile) > 1 else None
