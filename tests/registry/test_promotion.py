"""Exactly one Release is current per scope, and history tells how it came to be."""

import shutil
import threading

import pytest

from recto.errors import RegistryError
from recto.registry.promotion import previous, promote, promote_in, promotions, rollback, withdraw
from recto.registry.store import current, currents

from .conftest import Registry


def number(registry: Registry, scope: str = "general", *, exact: bool = False) -> int | None:
    found = current(registry.workspace, scope, exact=exact)
    return found.number if found else None


def test_promotion_changes_what_is_current_and_keeps_the_history(registry: Registry) -> None:
    registry.add(b"one")
    registry.add(b"two")
    assert number(registry) is None
    first, second = registry.promote(1), registry.promote(2)
    assert (first.previous, second.previous, second.kind, second.reason) == (None, 1, "promote", "test of 2")
    assert number(registry) == 2
    assert promotions(registry.workspace) == (first, second)
    assert currents(registry.workspace) == {"general": 2}


def test_what_is_current_already_is_not_promoted_again(registry: Registry) -> None:
    registry.add()
    assert registry.promote(1).changed
    again = registry.promote(1)
    assert not again.changed
    assert len(promotions(registry.workspace)) == 1


def test_a_scope_without_a_release_reads_with_the_general_one(registry: Registry) -> None:
    registry.add(b"general")
    registry.add(b"legal", scope="legal")
    registry.promote(1)
    assert number(registry, "legal") == 1
    assert number(registry, "legal", exact=True) is None
    assert number(registry, "anything else") == 1
    registry.promote(2, "legal")
    assert (number(registry, "legal"), number(registry, "general")) == (2, 1)
    assert [p.number for p in promotions(registry.workspace, "legal")] == [2]


def test_a_scope_that_nothing_reads_with_is_refused(registry: Registry) -> None:
    registry.add()
    with pytest.raises(RegistryError, match="no scope 'leagl'") as caught:
        registry.promote(1, "leagl")
    assert "general, legal" in caught.value.hint


def test_rollbacks_go_further_and_further_back(registry: Registry) -> None:
    for weights in (b"one", b"two", b"three"):
        registry.promote(registry.add(weights).number)
    assert previous(registry.workspace, "general") == 2
    back = rollback(registry.workspace, "general", reason="worse on Mondays")
    assert (back.number, back.previous, back.kind, back.reason) == (2, 3, "rollback", "worse on Mondays")
    assert rollback(registry.workspace, "general", reason="still worse").number == 1
    with pytest.raises(RegistryError, match=r"no Release was current .* before 1") as caught:
        rollback(registry.workspace, "general", reason="once more")
    assert "recto releases rollback --to base" in caught.value.hint
    assert number(registry) == 1
    registry.promote(3)
    assert rollback(registry.workspace, "general", reason="after a promotion").number == 1


def test_rollback_to_any_release(registry: Registry) -> None:
    for weights in (b"one", b"two", b"three"):
        registry.promote(registry.add(weights).number)
    assert rollback(registry.workspace, "general", to=1, reason="far").number == 1
    assert rollback(registry.workspace, "general", to=3, reason="and forth").number == 3
    assert rollback(registry.workspace, "general", reason="and back").number == 1
    with pytest.raises(RegistryError, match="no Release 9"):
        rollback(registry.workspace, "general", to=9, reason="nowhere")


def test_without_history_there_is_nothing_to_go_back_to(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no Release is current for scope 'general'") as caught:
        rollback(registry.workspace, "general", reason="hope")
    assert "recto releases promote" in caught.value.hint


def test_back_to_none_works_with_damaged_files_and_is_kept_in_the_history(registry: Registry) -> None:
    for weights in (b"one", b"two"):
        registry.promote(registry.add(weights).number)
    shutil.rmtree(registry.workspace.releases)
    with pytest.raises(RegistryError, match="isn't what was measured") as caught:
        rollback(registry.workspace, "general", reason="damaged")
    assert "recto releases rollback --to base" in caught.value.hint
    step = withdraw(registry.workspace, "general", reason="damaged")
    assert (step.number, step.previous, step.kind, step.changed) == (None, 2, "rollback", True)
    assert number(registry) is None
    assert promotions(registry.workspace)[-1] == step
    assert not withdraw(registry.workspace, "general", reason="again").changed
    assert len(promotions(registry.workspace)) == 3


def test_what_was_left_for_none_is_not_gone_back_to(registry: Registry) -> None:
    for weights in (b"one", b"two"):
        registry.promote(registry.add(weights).number)
    withdraw(registry.workspace, "general", reason="both are bad")
    with pytest.raises(RegistryError, match="no Release is current"):
        previous(registry.workspace, "general")
    registry.promote(registry.add(b"three").number)
    with pytest.raises(RegistryError, match="before 3"):
        previous(registry.workspace, "general")


def test_a_scope_that_goes_back_to_none_reads_with_the_general_release(registry: Registry) -> None:
    registry.promote(registry.add(b"general").number)
    registry.promote(registry.add(b"legal", scope="legal").number, "legal")
    with pytest.raises(RegistryError) as caught:
        previous(registry.workspace, "legal")
    assert "recto releases rollback --to base --scope legal" in caught.value.hint
    withdraw(registry.workspace, "legal", reason="worse")
    assert (number(registry, "legal"), currents(registry.workspace)) == (1, {"general": 1})


def test_a_promotion_in_a_transaction_that_fails_never_was(registry: Registry) -> None:
    registry.add(b"one")
    registry.add(b"two")
    registry.promote(1)
    with pytest.raises(ZeroDivisionError), registry.workspace.transaction() as session:
        promote_in(session, 2, scope="general", reason="with the end of a Cycle")
        session.flush()
        raise ZeroDivisionError
    assert number(registry) == 1
    assert len(promotions(registry.workspace)) == 1


def test_promotions_at_once_make_one_chain(registry: Registry) -> None:
    """Eight threads, each with a session of its own: every step starts where the one before it ended."""
    for weights in (b"one", b"two", b"three", b"four"):
        registry.add(weights)

    def work(seed: int) -> None:
        for step in range(4):
            promote(registry.workspace, 1 + (seed + step) % 4, scope="general", reason=f"{seed} {step}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = promotions(registry.workspace, "general")
    assert [p.previous for p in chain] == [None, *(p.number for p in chain[:-1])]
    assert number(registry) == chain[-1].number
    assert all(p.changed for p in chain)
