"""How Releases stand: what is current, what never was and why, and what of it is damaged."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER
from recto.registry.promotion import withdraw
from recto.registry.standing import standing_of, standings
from recto.registry.store import release, release_folder
from recto.workspace.tables import CycleRow
from recto.workspace.utc import now

from .conftest import ORIGIN, Registry


def test_what_is_current_and_what_was(registry: Registry) -> None:
    for weights in (b"one", b"two"):
        registry.promote(registry.add(weights).number)
    registry.promote(2, "legal")
    assert [(s.release.number, s.current_for, s.never, s.problem) for s in standings(registry.workspace)] == [
        (1, (), None, None),
        (2, ("general", "legal"), None, None),
    ]
    withdraw(registry.workspace, "general", reason="worse")
    assert standing_of(registry.workspace, release(registry.workspace, 2)).current_for == ("legal",)
    assert standings(registry.workspace, "legal") == ()  # they were made for another scope


@pytest.mark.parametrize(
    ("state", "outcome", "words"),
    [
        ("running", None, "cycle 7, which made it, hasn't ended"),
        ("interrupted", "stopped by hand", "cycle 7, which made it, was interrupted (stopped by hand)"),
        ("refused", "not released: 3 was", "cycle 7, which made it, was refused (not released: 3 was)"),
    ],
)
def test_why_it_was_never_current(registry: Registry, state: str, outcome: str | None, words: str) -> None:
    with registry.workspace.transaction() as session:
        session.add(
            CycleRow(
                id=7, scope="general", state=state, started_at=now(), reasons=[], data_fingerprint="",
                documents={}, recipe={}, run_folder="", outcome=outcome,
            )
        )  # fmt: skip
    registry.add(b"by hand")
    registry.add(b"by a cycle", origin=replace(ORIGIN, cycle_id=7))
    assert [s.never for s in standings(registry.workspace)] == ["nobody promoted it", words]
    registry.promote(2)
    assert [s.never for s in standings(registry.workspace)] == ["nobody promoted it", None]


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / "model" / RECOGNISER).unlink(), f"model/{RECOGNISER} is missing"),
        (lambda folder: cut(folder / "model" / RECOGNISER), f"model/{RECOGNISER} was changed"),
        (lambda folder: cut(folder / "release.json"), "release.json was changed"),
        (shutil.rmtree, "release.json can't be read (No such file or directory)"),
    ],
)
def test_damage_that_shows_at_a_glance(registry: Registry, harm: Callable[[Path], None], words: str) -> None:
    registry.promote(registry.add(b"one").number)
    second = registry.add(b"two")
    harm(release_folder(registry.workspace, second))
    problems = [s.problem for s in standings(registry.workspace)]
    assert problems == [None, f"Release 2 isn't what was measured: {words}"]
