"""Keys: what is kept of them, whom they let in, and what they are closed to."""

import sqlite3
from pathlib import Path

import pytest

from recto.errors import NotAllowed, NotAuthenticated, ServingError
from recto.serving.keys import (
    LOCAL_CALLER,
    SCOPES,
    Terms,
    add_key,
    caller_of,
    caller_with,
    is_guarded,
    keys,
    revoke_key,
)
from recto.workspace.folder import Workspace, create_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path)


def test_without_any_key_the_caller_is_local_and_may_do_everything(workspace: Workspace) -> None:
    assert not is_guarded(workspace)
    for header in (None, "", "Bearer whatever"):
        assert caller_of(workspace, header) == LOCAL_CALLER
    for scope in SCOPES:
        LOCAL_CALLER.check(scope)
    LOCAL_CALLER.check_business("legal")
    LOCAL_CALLER.check_business("general")


def test_a_key_opens_what_it_was_made_for(workspace: Workspace) -> None:
    terms = Terms(("read", "metrics"), ("legal",), requests_per_minute=7, pages_per_day=8, tenant="firm")
    key = add_key(workspace, "one", terms)
    caller = caller_of(workspace, f"bearer  {key} ")
    assert (caller.tenant, caller.scopes, caller.businesses) == ("firm", {"read", "metrics"}, {"legal"})
    assert (caller.requests_per_minute, caller.pages_per_day) == (7, 8)
    caller.check("read")
    caller.check_business("legal")
    with pytest.raises(NotAllowed, match="lacks the scope 'jobs'"):
        caller.check("jobs")
    with pytest.raises(NotAllowed, match="for 'saas'"):
        caller.check_business("saas")
    with pytest.raises(NotAllowed, match="reads for legal only"):
        caller.check_business("general")
    assert caller_with(workspace, caller.key_id) == caller
    assert caller_with(workspace, None) == LOCAL_CALLER


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "{key}", "Bearer {key}x", "Bearer \udcff"]
)
def test_everything_else_is_refused(workspace: Workspace, header: str | None) -> None:
    key = add_key(workspace, "one")
    with pytest.raises(NotAuthenticated) as caught:
        caller_of(workspace, header and header.format(key=key))
    assert key not in str(caught.value)


def test_a_revoked_key_is_like_one_that_never_was(workspace: Workspace) -> None:
    key = add_key(workspace, "one")
    with pytest.raises(NotAuthenticated) as never:
        caller_of(workspace, "Bearer recto_nonsense")
    revoke_key(workspace, "one")
    with pytest.raises(NotAuthenticated) as revoked:
        caller_of(workspace, f"Bearer {key}")
    assert str(never.value) == str(revoked.value)
    with pytest.raises(NotAuthenticated):
        caller_of(workspace, None)
    assert is_guarded(workspace), "the last key is gone, and the door stays shut"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "local", "Local"])
def test_names_that_mean_nothing_or_somebody_else_are_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(ServingError):
        add_key(workspace, name)
    if name:
        with pytest.raises(ServingError):
            add_key(workspace, "one", Terms(tenant=name))
    assert not is_guarded(workspace)


def test_nobody_inherits_a_tenants_jobs_by_accident(workspace: Workspace) -> None:
    add_key(workspace, "shop")
    revoke_key(workspace, "shop")
    with pytest.raises(ServingError, match="a tenant already"):
        add_key(workspace, "shop")
    key = add_key(workspace, "shop", Terms(tenant="shop"))
    assert caller_of(workspace, f"Bearer {key}").tenant == "shop"


def test_a_name_is_of_one_valid_key(workspace: Workspace) -> None:
    add_key(workspace, "one")
    with pytest.raises(ServingError, match="already"):
        add_key(workspace, "one")
    revoke_key(workspace, "one")
    with pytest.raises(ServingError, match="no valid key"):
        revoke_key(workspace, "one")
    add_key(workspace, "one", Terms(tenant="one"))
    assert [key.revoked_at is None for key in keys(workspace)] == [False, True]


def test_the_key_itself_is_nowhere_in_the_workspace(workspace: Workspace) -> None:
    key = add_key(workspace, "one")
    for path in workspace.path.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes()
    with sqlite3.connect(workspace.path / "recto.db") as database:
        row = database.execute("SELECT prefix, length(sha256) FROM api_keys").fetchone()
    database.close()
    assert row == (key[:12], 64)
    assert len({add_key(workspace, f"key {n}") for n in range(20)}) == 20
