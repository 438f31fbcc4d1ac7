"""kill -9 of a real Cycle at any moment: the old model is current, or the new one; the next goes on."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recto.registry.folder import NEW
from recto.registry.promotion import promotions
from recto.registry.store import current, releases, verify
from recto.retraining.history import read_history
from recto.workspace.folder import Workspace, open_workspace

SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
KILLS = 4 if SHORT else 50
KILLS_PER_ROUND = 4
VICTIM = Path(__file__).with_name("victim.py")
COUNTS = {"train": 5, "val": 2, "test": 5}
SIGKILL = -9

Shop = Callable[..., Workspace]


def live(folder: Path, stage: str, delay_s: float, out: str = "") -> int:
    """Run a Cycle that dies in `stage`; its exit code."""
    command = [sys.executable, str(VICTIM), str(folder), stage, str(delay_s), out]
    return subprocess.run([part for part in command if part], check=False, capture_output=True).returncode


def check_whole(folder: Path) -> int | None:
    """Whatever was killed: what is current is whole, and was promoted; its number, or None."""
    workspace = open_workspace(folder)
    in_use = current(workspace, "general")
    history = promotions(workspace, "general")
    assert (in_use.number if in_use else None) == (history[-1].number if history else None)
    for release in releases(workspace):
        verify(workspace, release)
    for cycle in read_history(workspace).cycles:
        assert (cycle.state == "released") == (cycle.release is not None)
        if cycle.state == "released":
            assert cycle.release in [step.number for step in history]
    return in_use.number if in_use else None


@pytest.fixture(scope="module")
def fresh(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace before its first Cycle."""
    return shop(tmp_path_factory.mktemp("kills") / "fresh", COUNTS, lines=4).path


@pytest.fixture(scope="module")
def stages(fresh: Path) -> list[tuple[str, float]]:
    """The stages of an undisturbed Cycle, and the seconds that each takes here and now."""
    pilot = fresh.with_name("pilot")
    shutil.copytree(fresh, pilot)
    assert live(pilot, "never", 0, str(pilot / "stages.json")) == 0
    assert check_whole(pilot) == 1
    return [(name, seconds) for name, seconds in json.loads((pilot / "stages.json").read_text())]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_killed_cycles_leave_nothing_half_done(fresh: Path, stages: list[tuple[str, float]]) -> None:
    rng = random.Random(3)
    wanted = [stages[(2 * turn + rng.randrange(2)) % len(stages)] for turn in range(4 * KILLS)]
    killed, rounds = 0, 0
    while killed < KILLS:
        rounds += 1
        folder = fresh.with_name(f"round_{rounds}")
        shutil.copytree(fresh, folder)
        killed += one_round(folder, rng, [wanted.pop() for _ in range(KILLS_PER_ROUND)])
        shutil.rmtree(folder)
    assert killed >= KILLS


def one_round(folder: Path, rng: random.Random, moments: list[tuple[str, float]]) -> int:
    """Kill several Cycles in a row on one workspace, then let one live; how many were killed."""
    killed = 0
    for stage, seconds in moments:
        code = live(folder, stage, rng.uniform(0, seconds))
        assert code in (0, SIGKILL)
        killed += code == SIGKILL
        if check_whole(folder) is not None:
            break
    in_use = check_whole(folder)
    if in_use is None:
        assert live(folder, "never", 0) == 0
        in_use = check_whole(folder)
    workspace = open_workspace(folder)
    cycles = read_history(workspace).cycles
    assert in_use == 1 and [release.number for release in releases(workspace)] == [1]
    assert [cycle.state for cycle in cycles[:-1]] == ["interrupted"] * (len(cycles) - 1)
    assert cycles[-1].state == "released"
    assert not (workspace.releases / NEW).exists()
    return killed
