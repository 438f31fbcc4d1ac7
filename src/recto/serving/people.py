"""People who sign in: added, listed, removed; their passwords, as argon2 keeps them; what they may do.

An added person shuts the door as a key does: from then on nobody gets in unknown.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from recto.errors import ServingError
from recto.serving.keys import SCOPES, Caller, Scope
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import PersonRow, SessionRow
from recto.workspace.utc import now

Role = Literal["reader", "reviewer", "admin"]

ROLES: tuple[Role, ...] = get_args(Role)
MAY: dict[Role, frozenset[Scope]] = {
    "reader": frozenset({"documents"}),
    "reviewer": frozenset({"documents", "correct", "read"}),
    "admin": frozenset(SCOPES),
}
"""What each role may do."""

SHORTEST, LONGEST = 10, 1000
"""Characters of a password."""

_NAME = re.compile(r"[^\W_][\w.@+-]{0,63}")
_HASHER = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in; no `businesses` are all that aren't closed."""

    id: int
    name: str
    role: Role
    businesses: frozenset[str] = frozenset()

    @property
    def caller(self) -> Caller:
        """What he is to the routes."""
        return Caller(f"person {self.name}", None, MAY[self.role], self.businesses, author=self.name)


def add_person(
    workspace: Workspace, name: str, password: str, role: Role, businesses: Collection[str] = ()
) -> None:
    """Let somebody in; who was removed before comes back by that. Raises ServingError for what can't be."""
    _check_name(name)
    kept = _hashed(password)
    with workspace.transaction() as session:
        row = _row(session, name)
        if row is not None and row.removed_at is None:
            raise ServingError(f"there is somebody called {name!r} already", hint="choose another name")
        row = row or PersonRow(name=name, created_at=now())
        row.role, row.businesses, row.removed_at = role, sorted(set(businesses)), None
        row.password_hash = kept
        session.add(row)


def remove_person(workspace: Workspace, name: str) -> None:
    """Let somebody in no more, from this moment on. Raises ServingError where nobody has this name."""
    with workspace.transaction() as session:
        row = _present(session, name)
        row.removed_at = now()
        _sign_out_everywhere(session, row.id)


def set_password(workspace: Workspace, name: str, password: str) -> None:
    """Another password; whoever is signed in by the old one has to do it anew. Raises ServingError."""
    kept = _hashed(password)
    with workspace.transaction() as session:
        row = _present(session, name)
        row.password_hash = kept
        _sign_out_everywhere(session, row.id)


def people(workspace: Workspace) -> list[PersonRow]:
    """All people that ever were, in order of their names."""
    with workspace.read() as session:
        return list(session.scalars(select(PersonRow).order_by(PersonRow.name)))


def checked_person(workspace: Workspace, name: str, password: str) -> Person | None:
    """Who this is, None where name or password is wrong: it takes as long in either case."""
    with workspace.read() as session:
        row = _row(session, name)
    known = row is not None and row.removed_at is None
    try:
        _HASHER.verify(row.password_hash if row is not None and known else _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return None
    return person_of(row) if row is not None and known else None


def person_of(row: PersonRow) -> Person:
    """The row as a Person."""
    role: Role = next(role for role in ROLES if role == row.role)
    return Person(row.id, row.name, role, frozenset(row.businesses))


@lru_cache
def _nobodys() -> str:
    """Checked where a name is unknown, so that the time doesn't tell."""
    return _HASHER.hash(secrets.token_urlsafe())


def _hashed(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise ServingError(f"a password has {SHORTEST} to {LONGEST} characters", hint="take some words")
    return _HASHER.hash(password)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.lower() == "local":
        raise ServingError(
            f"{name!r} can't be a person's name", hint="letters, digits, and . @ + - _ within: anna.berg"
        )


def _row(session: Session, name: str) -> PersonRow | None:
    return session.scalar(select(PersonRow).where(PersonRow.name == name))


def _present(session: Session, name: str) -> PersonRow:
    row = _row(session, name)
    if row is None or row.removed_at is not None:
        raise ServingError(f"there is nobody called {name!r}", hint="`recto people` lists them")
    return row


def _sign_out_everywhere(session: Session, person_id: int) -> None:
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))
