"""`recto keys` as a person uses it."""

import json
from pathlib import Path

import pytest

from recto.errors import NotAuthenticated, ServingError
from recto.serving.keys import caller_of
from recto.workspace.folder import Workspace, create_workspace

from .conftest import call


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace, and we are in it."""
    monkeypatch.delenv("RECTO_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return create_workspace(tmp_path)


def made(*words: object) -> str:
    """The key that is printed, alone on standard output."""
    done = call("keys", "add", *words)
    assert (done.exit_code, "can't be shown again" in done.stderr) == (0, True)
    return done.stdout.removesuffix("\n")


def test_before_the_first_key(workspace: Workspace) -> None:
    assert "this machine only" in call("keys").output
    assert json.loads(call("keys", "--json").output) == []


def test_a_key_is_shown_once_and_works(workspace: Workspace) -> None:
    key = made("shop")
    caller = caller_of(workspace, f"Bearer {key}")
    assert (caller.tenant, caller.scopes, caller.businesses) == ("shop", {"read", "jobs"}, frozenset())
    shown = call("keys").output + call("keys", "--json").output
    assert key not in shown and key[:12] in shown


def test_terms_are_kept_and_shown(workspace: Workspace) -> None:
    terms = ("--scope", "read", "--business", "legal", "--business", "saas", "--tenant", "firm")
    key = made("a", *terms, "--pages-per-day", 500, "--requests-per-minute", 0)
    caller = caller_of(workspace, f"Bearer {key}")
    assert (caller.tenant, caller.scopes, caller.businesses) == ("firm", {"read"}, {"legal", "saas"})
    assert (caller.pages_per_day, caller.requests_per_minute) == (500, 0)
    (row,) = json.loads(call("keys", "--json").output)
    assert (row["pages_per_day"], row["requests_per_minute"], row["pages_today"]) == (500, 0, 0)
    shown = call("keys").output
    for words in ("a (of firm)", "legal, saas", "500", "no limit"):
        assert words in shown


def test_a_revoked_key_opens_nothing_and_stays_in_the_list(workspace: Workspace) -> None:
    key = made("shop")
    assert "opens nothing" in call("keys", "revoke", "shop").output
    with pytest.raises(NotAuthenticated):
        caller_of(workspace, f"Bearer {key}")
    assert "revoked" in call("keys").output
    with pytest.raises(ServingError, match="no valid key"):
        call("keys", "revoke", "shop")
    assert made("shop", "--tenant", "shop") != key


def test_mistakes_are_told(workspace: Workspace) -> None:
    made("shop")
    with pytest.raises(ServingError, match="already"):
        call("keys", "add", "shop")
    done = call("keys", "add", "other", "--scope", "everything")
    assert done.exit_code == 2 and "read, jobs, releases, metrics" in done.output
    done = call("keys", "--json", "add", "other")
    assert done.exit_code == 2 and "after the subcommand" in done.output
    assert call("keys", "add", "other", "--pages-per-day", -1).exit_code == 2
    assert len(json.loads(call("keys", "--json").output)) == 1
