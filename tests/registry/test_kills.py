"""kill -9 of a real process at any moment of add and promote: the old Release is current, or the new one."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.registry.folder import ADDING, NEW
from recto.registry.promotion import promotions
from recto.registry.store import current, releases, verify

from .conftest import Registry

SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
VICTIMS = Path(__file__).with_name("victims.py")


class Victims:
    """The program of `victims.py`, with orders to add and promote in one workspace."""

    def __init__(self, registry: Registry, folder: Path) -> None:
        report = folder / "measured.json"
        report.write_text(registry.report().to_json())
        self._order = {
            "workspace": str(registry.workspace.path),
            "model": str(registry.model(os.urandom(300_000))),
            "report": str(report),
        }
        self._program = subprocess.Popen(
            [sys.executable, str(VICTIMS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def undisturbed(self) -> float:
        """Let one live; how long that took, in seconds."""
        started = time.monotonic()
        self._start(None)
        assert self._end() == 0
        return time.monotonic() - started

    def killed_after(self, seconds: float) -> int:
        """Kill one from outside after so long; how it ended."""
        pid = self._start(None)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        return self._end()

    def killed_at(self, operation: int) -> int:
        """Let one kill itself at a file operation; how it ended: 0 where it has fewer."""
        self._start(operation)
        return self._end()

    def close(self) -> None:
        """No more orders."""
        self._program.communicate(timeout=60)

    def _start(self, dies_at: int | None) -> int:
        return int(self._say(json.dumps(self._order | {"dies_at": dies_at})))

    def _end(self) -> int:
        return int(self._say(""))

    def _say(self, line: str) -> str:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(line + "\n")
        self._program.stdin.flush()
        return self._program.stdout.readline()


@pytest.fixture
def victims(registry: Registry, tmp_path: Path) -> Iterator[Victims]:
    made = Victims(registry, tmp_path)
    yield made
    made.close()


def numbers(registry: Registry) -> tuple[int, int]:
    """The newest Release, and the current one, once everything visible is found whole (0: none)."""
    rows = releases(registry.workspace)
    for row in rows:
        verify(registry.workspace, row)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    now = current(registry.workspace, "general")
    told = promotions(registry.workspace)
    assert (told[-1].number if told else None) == (now.number if now else None)
    return len(rows), now.number if now else 0


def check_step(before: tuple[int, int], after: tuple[int, int]) -> None:
    """One victim added nothing, or one Release; and the old one is current, or that new one."""
    added = after[0] - before[0]
    assert added in (0, 1)
    assert after[1] == before[1] or (added and after[1] == after[0])


def check_swept(registry: Registry) -> None:
    """After an add that ended well, nothing stands there but whole Releases."""
    found = {path.name for path in registry.workspace.releases.iterdir()}
    assert found == {row.folder_name for row in releases(registry.workspace)}


def kill_at_random(registry: Registry, victims: Victims, kills: int) -> None:
    victims.undisturbed()  # the first one loads what is loaded once
    lasts_s = victims.undisturbed()
    moments, died, state = random.Random(3), 0, numbers(registry)
    while died < kills:
        died += victims.killed_after(moments.uniform(0, lasts_s)) == -signal.SIGKILL
        after = numbers(registry)
        check_step(state, after)
        state = after
    victims.undisturbed()
    assert numbers(registry) == (state[0] + 1, state[0] + 1)
    check_swept(registry)


def test_eight_kills_at_random_moments(registry: Registry, victims: Victims) -> None:
    kill_at_random(registry, victims, 8)


@pytest.mark.slow
def test_fifty_kills_at_random_moments(registry: Registry, victims: Victims) -> None:
    kill_at_random(registry, victims, 15 if SHORT else 50)


@pytest.mark.slow
def test_a_kill_before_each_file_operation(registry: Registry, victims: Victims) -> None:
    """Not left to chance: the victim dies before its first, second, … operation, until one gets through."""
    state, operation, seen = numbers(registry), 0, set()
    while victims.killed_at(operation) == -signal.SIGKILL:
        left = {path.name for path in registry.workspace.releases.iterdir()}
        after = numbers(registry)
        seen.add((NEW in left, ADDING in left, after[0] > state[0], after[1] > state[1]))
        check_step(state, after)
        state = after
        operation += 4 if SHORT else 1
    assert numbers(registry)[1] == state[0] + 1
    check_swept(registry)
    if not SHORT:  # dead while it builds, before and after the row, and before and after the promotion
        assert {(True, False, False, False), (False, True, False, False), (False, True, True, False)} <= seen
