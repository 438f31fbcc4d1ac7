"""API keys: made, listed and revoked; and who it is that calls with one.

A key is 256 random bits, so that its plain SHA-256 is enough to know it by: nothing of it can be guessed, nor
found by trying words. It is shown once and never kept.
"""

import hashlib
import secrets
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.corrections.place import Sight
from recto.errors import NotAllowed, NotAuthenticated, ServingError
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import PersonRow
from recto.workspace.tables import GENERAL, ApiKeyRow
from recto.workspace.utc import now

Scope = Literal["read", "jobs", "releases", "metrics", "documents", "correct", "admin"]
"""What a key or a person may do; `correct` holds `documents`, and `admin` sees closed ones as well."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
DEFAULT_SCOPES: tuple[Scope, ...] = ("read", "jobs")

LOCAL = "local"
"""The tenant of those who call while there is no key at all."""

_BEGINNING = "recto_"
_SHOWN = len(_BEGINNING) + 6
_SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and for what he may ask; limits that are None are those of recto.toml.

    `author` is what his corrections are signed with: a person's name, or "key NAME".
    """

    tenant: str
    key_id: int | None
    scopes: frozenset[Scope]
    businesses: frozenset[str] = frozenset()
    requests_per_minute: int | None = None
    pages_per_day: int | None = None
    author: str = LOCAL

    def check(self, scope: Scope) -> None:
        """Raises NotAllowed where the key hasn't this scope."""
        if scope not in self.scopes:
            raise NotAllowed(f"this key isn't allowed to do that: it lacks the scope {scope!r}", hint=_ASK)

    def sight(self, closed: Collection[str]) -> Sight:
        """Whose documents he sees, where those of the `closed` business types aren't for everybody."""
        return Sight(self.businesses, frozenset() if "admin" in self.scopes else frozenset(closed))

    def check_business(self, business: str) -> None:
        """Raises NotAllowed for a business type that the key is closed to; `general` is one, too."""
        if not self.businesses or business in self.businesses:
            return
        allowed = ", ".join(sorted(self.businesses))
        if business == GENERAL:
            raise NotAllowed(f"this key reads for {allowed} only", hint=_NAME)
        raise NotAllowed(f"this key isn't allowed to read for {business!r}, but for {allowed}", hint=_ASK)


_NAME = "name one of them as `business`"
_ASK = "ask whoever runs the service for a key that is"

LOCAL_CALLER = Caller(LOCAL, None, frozenset(SCOPES))
"""May do everything: he sits at the machine, since without a key nobody else is listened to."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a new key may do; `tenant` "" is the key's name."""

    scopes: Collection[Scope] = DEFAULT_SCOPES
    businesses: Collection[str] = ()
    requests_per_minute: int | None = None
    pages_per_day: int | None = None
    tenant: str = ""


def add_key(workspace: Workspace, name: str, terms: Terms | None = None, at: datetime | None = None) -> str:
    """Make a key and give it: it can't be shown again.

    Raises ServingError where the name is taken or none, and where others' jobs would be the new
    key's although `terms` don't name their tenant.
    """
    wanted = terms or Terms()
    tenant = wanted.tenant or name
    for word in (name, tenant):
        _check_name(word)
    key = _BEGINNING + secrets.token_urlsafe(32)
    with workspace.transaction() as session:
        if _valid(session, name) is not None:
            raise ServingError(
                f"there is a key {name!r} already", hint="choose another name, or revoke that one first"
            )
        if not wanted.tenant and _is_tenant(session, tenant):
            raise ServingError(
                f"{tenant!r} is a tenant already, whose jobs the new key would see",
                hint=f"if it should, say so with --tenant {shlex.quote(tenant)}; else choose another name",
            )
        session.add(
            ApiKeyRow(
                name=name,
                tenant=tenant,
                prefix=key[:_SHOWN],
                sha256=_hash(key),
                scopes=[scope for scope in SCOPES if scope in wanted.scopes],
                businesses=sorted(set(wanted.businesses)),
                requests_per_minute=wanted.requests_per_minute,
                pages_per_day=wanted.pages_per_day,
                created_at=at or now(),
            )
        )
    return key


def revoke_key(workspace: Workspace, name: str, at: datetime | None = None) -> None:
    """From now on the key opens nothing. Raises ServingError where no valid key has this name."""
    with workspace.transaction() as session:
        row = _valid(session, name)
        if row is None:
            raise ServingError(f"there is no valid key {name!r}", hint="`recto keys` lists them")
        row.revoked_at = at or now()


def keys(workspace: Workspace) -> list[ApiKeyRow]:
    """All keys that ever were, oldest first."""
    with workspace.read() as session:
        return list(session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id)))


def is_guarded(workspace: Workspace) -> bool:
    """Whether a key or a person was ever made: from then on nobody gets in unknown, even if all are gone."""
    with workspace.read() as session:
        return _any(session)


def caller_of(workspace: Workspace, authorization: str | None) -> Caller:
    """Who sends this Authorization header ("Bearer KEY"); the local caller as long as there is no key, nor
    a person who could sign in.

    Raises NotAuthenticated; the message is the same for a key that never was and for one that was revoked.
    """
    with workspace.read() as session:
        if not _any(session):
            return LOCAL_CALLER
        row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.sha256 == _hash(_key_in(authorization))))
    if row is None or row.revoked_at is not None:
        raise NotAuthenticated("this key isn't known", hint="send `Authorization: Bearer KEY`")
    return _caller(row)


def caller_with(workspace: Workspace, key_id: int | None) -> Caller:
    """Whose key this is, for what goes on after the request: work that was accepted outlives a revocation."""
    if key_id is None:
        return LOCAL_CALLER
    with workspace.read() as session:
        return _caller(session.get_one(ApiKeyRow, key_id))


def _caller(row: ApiKeyRow) -> Caller:
    return Caller(
        row.tenant,
        row.id,
        _allowed(row.scopes),
        frozenset(row.businesses),
        row.requests_per_minute,
        row.pages_per_day,
        f"key {row.name}",
    )


def _allowed(named: Collection[str]) -> frozenset[Scope]:
    scopes = frozenset(scope for scope in SCOPES if scope in named)
    return scopes | {"documents"} if "correct" in scopes else scopes


def _key_in(authorization: str | None) -> str:
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != _SCHEME or not key.strip():
        raise NotAuthenticated("a key is needed", hint="send `Authorization: Bearer KEY`")
    return key.strip()


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _any(session: Session) -> bool:
    return any(session.scalar(select(table.id).limit(1)) is not None for table in (ApiKeyRow, PersonRow))


def _is_tenant(session: Session, tenant: str) -> bool:
    return session.scalar(select(ApiKeyRow.id).where(ApiKeyRow.tenant == tenant).limit(1)) is not None


def _check_name(name: str) -> None:
    if not name.strip() or not name.isprintable():
        raise ServingError("a key and its tenant need names that can be printed", hint="such as `shop`")
    if name.strip().lower() == LOCAL:
        raise ServingError(
            f"{LOCAL!r} is who asks where there is no key",
            hint="choose another name",
        )


def _valid(session: Session, name: str) -> ApiKeyRow | None:
    return session.scalar(
        select(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None)).limit(1)
    )
