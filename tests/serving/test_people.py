"""People and their sessions: who gets in, for how long, and what wrong passwords cost."""

from datetime import timedelta

import pytest

from recto.errors import NotAllowed, NotAuthenticated, ServingError, SignInDelayed
from recto.serving.keys import LOCAL_CALLER, caller_of, is_guarded
from recto.serving.people import (
    add_person,
    checked_person,
    people,
    remove_person,
    set_password,
)
from recto.serving.sessions import (
    FREE_ATTEMPTS,
    Attempts,
    check_csrf,
    purge_sessions,
    sign_in,
    sign_out,
    signed_in,
)
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import SessionRow
from recto.workspace.utc import now

PASSWORD = "correct horse battery"


def test_the_first_person_shuts_the_door(workspace: Workspace) -> None:
    assert caller_of(workspace, None) == LOCAL_CALLER
    add_person(workspace, "anna", PASSWORD, "admin")
    assert is_guarded(workspace)
    with pytest.raises(NotAuthenticated):
        caller_of(workspace, None)
    remove_person(workspace, "anna")
    assert is_guarded(workspace), "and it stays shut"


def test_a_password_is_kept_by_its_argon2_hash_alone(workspace: Workspace) -> None:
    add_person(workspace, "anna", PASSWORD, "reviewer", ["legal"])
    (row,) = people(workspace)
    assert row.password_hash.startswith("$argon2id$") and PASSWORD not in row.password_hash
    person = checked_person(workspace, "anna", PASSWORD)
    assert person is not None and (person.role, person.businesses) == ("reviewer", {"legal"})
    assert checked_person(workspace, "anna", PASSWORD + "x") is None
    assert checked_person(workspace, "nobody", PASSWORD) is None


@pytest.mark.parametrize("name", ["", "an na", "key shop", "local", "-x", "x" * 65, "a\nb"])
def test_names_that_cant_be(name: str, workspace: Workspace) -> None:
    with pytest.raises(ServingError, match="can't be a person's name"):
        add_person(workspace, name, PASSWORD, "reader")


def test_what_else_cant_be(workspace: Workspace) -> None:
    add_person(workspace, "anna", PASSWORD, "reader")
    with pytest.raises(ServingError, match="already"):
        add_person(workspace, "anna", PASSWORD, "reader")
    with pytest.raises(ServingError, match="10 to 1000 characters"):
        add_person(workspace, "ben", "short", "reader")
    with pytest.raises(ServingError, match="nobody called"):
        remove_person(workspace, "ben")


def test_who_is_removed_is_out_at_once_and_may_come_back(workspace: Workspace) -> None:
    add_person(workspace, "anna", PASSWORD, "reader")
    cookie, _ = sign_in(workspace, "anna", PASSWORD, Attempts())
    remove_person(workspace, "anna")
    assert signed_in(workspace, cookie) is None and checked_person(workspace, "anna", PASSWORD) is None
    add_person(workspace, "anna", PASSWORD, "admin")
    cookie, who = sign_in(workspace, "anna", PASSWORD, Attempts())
    assert who.person.role == "admin" and signed_in(workspace, cookie) == who
    set_password(workspace, "anna", PASSWORD[::-1])
    assert signed_in(workspace, cookie) is None


def test_sessions_end(workspace: Workspace) -> None:
    add_person(workspace, "anna", PASSWORD, "reader")
    cookies = [sign_in(workspace, "anna", PASSWORD, Attempts())[0] for _ in range(2)]
    sign_out(workspace, cookies[0])
    assert [signed_in(workspace, cookie) is not None for cookie in cookies] == [False, True]
    with workspace.transaction() as session:
        row = session.query(SessionRow).one()
        assert cookies[1] not in (row.sha256, row.csrf)
        row.expires_at = now() - timedelta(seconds=1)
    assert signed_in(workspace, cookies[1]) is None
    purge_sessions(workspace)
    with workspace.read() as session:
        assert session.query(SessionRow).count() == 0


def test_a_change_carries_the_token_of_its_own_session(workspace: Workspace) -> None:
    add_person(workspace, "anna", PASSWORD, "reader")
    (_, one), (_, other) = (sign_in(workspace, "anna", PASSWORD, Attempts()) for _ in range(2))
    check_csrf(one.csrf, one)
    for given in (None, "", other.csrf, "ä"):
        with pytest.raises(NotAllowed):
            check_csrf(given, one)


def test_wrong_passwords_take_longer_and_longer() -> None:
    at_s = 1000.0
    attempts = Attempts(lambda: at_s)
    for _ in range(FREE_ATTEMPTS):
        attempts.check("anna")
        attempts.note("anna", right=False)
    for wait_s in (1, 2, 4):
        with pytest.raises(SignInDelayed) as told:
            attempts.check("anna")
        assert told.value.retry_after_s == wait_s + 1
        attempts.check("ben")
        at_s += wait_s
        attempts.check("anna")
        attempts.note("anna", right=False)
    at_s += 300
    attempts.note("anna", right=True)
    attempts.check("anna")
