"""Sessions: who is signed in. A cookie holds 256 random bits, the database their hash; both expire.

Whatever changes something carries the session's CSRF token as well, which no other site can know.
"""

import asyncio
import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from recto.errors import NotAllowed, NotAuthenticated, SignInDelayed
from recto.serving.people import Person, checked_person, person_of
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import PersonRow, SessionRow
from recto.workspace.utc import now

COOKIE = "recto_session"
CSRF_HEADER = "X-CSRF-Token"

FREE_ATTEMPTS = 5
LONGEST_WAIT_S = 300
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody who is signed in, until when, and what his changes must carry."""

    person: Person
    csrf: str
    expires_at: datetime


class Attempts:
    """Wrong passwords of each name: from the sixth on each waits twice as long, five minutes at most.

    It is kept in memory and may be asked from any thread; the right password forgets them. `room` is for
    those who check one: each takes a core and 64 MiB.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.room = asyncio.Semaphore(AT_ONCE)
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def check(self, name: str) -> None:
        """Raises SignInDelayed where the name has to wait."""
        with self._lock:
            count, last_s = self._failures.get(name, (0, 0.0))
            wait_s = _wait_s(count) - (self._clock() - last_s)
        if wait_s > 0:
            raise SignInDelayed(
                "too many wrong passwords for this name", retry_after_s=int(wait_s) + 1, hint="wait a little"
            )

    def note(self, name: str, *, right: bool) -> None:
        """How an attempt ended. Names whose time is over are forgotten."""
        with self._lock:
            at_s = self._clock()
            count, _ = self._failures.pop(name, (0, 0.0))
            self._failures = {
                other: told for other, told in self._failures.items() if at_s - told[1] < 2 * LONGEST_WAIT_S
            }
            if not right:
                self._failures[name] = (count + 1, at_s)


def sign_in(workspace: Workspace, name: str, password: str, attempts: Attempts) -> tuple[str, SignedIn]:
    """A new session, and the cookie's value for it. Raises NotAuthenticated, SignInDelayed."""
    attempts.check(name)
    person = checked_person(workspace, name, password)
    attempts.note(name, right=person is not None)
    if person is None:
        raise NotAuthenticated("name or password is wrong")
    cookie, csrf, at = secrets.token_urlsafe(32), secrets.token_urlsafe(32), now()
    expires_at = at + timedelta(seconds=workspace.settings.review.session_s)
    row = SessionRow(
        sha256=_hash(cookie), person_id=person.id, csrf=csrf, created_at=at, expires_at=expires_at
    )
    with workspace.transaction() as session:
        session.add(row)
    return cookie, SignedIn(person, csrf, expires_at)


def signed_in(workspace: Workspace, cookie: str) -> SignedIn | None:
    """Who has this cookie; None where it isn't known, has expired, or its person was removed."""
    with workspace.read() as session:
        row = session.get(SessionRow, _hash(cookie))
        person = None if row is None else session.get_one(PersonRow, row.person_id)
    if row is None or person is None or row.expires_at <= now() or person.removed_at is not None:
        return None
    return SignedIn(person_of(person), row.csrf, row.expires_at)


def sign_out(workspace: Workspace, cookie: str) -> None:
    """The cookie opens nothing any more."""
    with workspace.transaction() as session:
        session.execute(delete(SessionRow).where(SessionRow.sha256 == _hash(cookie)))


def check_csrf(given: str | None, who: SignedIn) -> None:
    """Raises NotAllowed where a change doesn't carry the session's token."""
    if not secrets.compare_digest((given or "").encode(), who.csrf.encode()):
        raise NotAllowed(
            "this change doesn't come from a page of this service", hint=f"send the token in {CSRF_HEADER}"
        )


def purge_sessions(workspace: Workspace) -> None:
    """Delete what has expired."""
    with workspace.transaction() as session:
        session.execute(delete(SessionRow).where(SessionRow.expires_at <= now()))


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).hexdigest()


def _wait_s(count: int) -> float:
    over = count - FREE_ATTEMPTS
    return 0.0 if over < 0 else min(float(2 ** min(over, 20)), LONGEST_WAIT_S)
