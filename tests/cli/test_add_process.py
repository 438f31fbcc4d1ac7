"""`recto add` as processes of their own: killed at any moment, and two at once."""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from recto.datasets.naming import SPLITS
from recto.workspace.blobs import PART_LIVES_S, blob_fault, blob_path, sweep_parts
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.tables import DocumentRow, KinshipRow, PlacementRow

SHORT = os.environ.get("RECTO_SHORT_PROOFS") == "1"
RECTO = [sys.executable, "-c", "from recto.cli import main; main()", "add", "--no-read", "--json"]
DOCUMENTS = 36
Facts = set[tuple[object, ...]]


@pytest.fixture
def source(tmp_path: Path, make_pdf: Callable[..., bytes]) -> Path:
    """Images with texts in groups, copies of some, and PDFs of three pages without text."""
    folder = tmp_path / "source"
    folder.mkdir()
    entries = []
    for number in range(DOCUMENTS):
        name = f"receipt_{number:03d}.png"
        if number % 6 == 5:
            name = f"letter_{number:03d}.pdf"
            (folder / name).write_bytes(make_pdf(3, text=f"letter {number} page {{n}}"))
            entries.append({"image": name})
            continue
        image = Image.effect_noise((90, 120), 60 + number)
        image.save(folder / name)
        entries.append({"image": name, "text": f"text {number}", "group": f"shop {number % 7}"})
        if number % 6 == 0:
            image.save(folder / f"copy_{number}.webp", quality=95)
            entries.append({"image": f"copy_{number}.webp", "text": f"text {number}"})
    (folder / "annotations.json").write_text(json.dumps(entries))
    return folder


def start(source: Path, workspace: Path) -> "subprocess.Popen[str]":
    command = [*RECTO, str(source), "--workspace", str(workspace)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> dict[str, list[int]]:
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return json.loads(out)


def check(workspace: Workspace) -> Facts:
    """Everything that must hold at any moment; what the database says, without ids and times."""
    with workspace.read() as session:
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        rows = session.query(DocumentRow).all()
        placed = {row.key: row.split for row in session.query(PlacementRow)}
        kin = {(row.one, row.other) for row in session.query(KinshipRow)}
    hashes = {row.sha256 for row in rows}
    there = {path.parent.name + path.name for path in workspace.blobs.glob("??/*")}
    assert not [sha256 for sha256 in hashes | there if blob_fault(workspace, sha256)]
    assert all(one in hashes and other in hashes for one, other in kin)
    for row in rows:
        pages = [other.page for other in rows if other.sha256 == row.sha256]
        assert sorted(pages) in ([0], [1, 2, 3])
        assert (row.state == "trusted") == (row.text is not None)
        if row.state == "trusted":
            assert row.split == placed[f"document {row.sha256}"] in SPLITS
            assert row.group is None or placed[f"group {row.group}"] == row.split
        assert hashlib.sha256(blob_path(workspace, row.sha256).read_bytes()).hexdigest() == row.sha256
    return {(row.sha256, row.page, row.name, row.state, row.split, row.text, row.group) for row in rows}


def kill_in_the_middle(process: "subprocess.Popen[str]", workspace: Path, random_: random.Random) -> bool:
    """Kill the process some files and some milliseconds after its first; whether it was still at work."""

    def files() -> int:
        return sum(1 for _ in (workspace / "blobs").rglob("*"))

    more = files() + random_.randint(0, 20)
    while files() < more and process.poll() is None:
        time.sleep(0.001)
    time.sleep(random_.uniform(0, 0.015))
    process.kill()
    process.communicate()
    return process.returncode != 0


def killed_at_random(source: Path, folder: Path, *, kills: int, seed: int) -> None:
    """Kill additions until `kills` have hit; whenever a workspace is full, the next one begins."""
    random_ = random.Random(seed)
    whole = create_workspace(folder / "whole")
    finish(start(source, whole.path))
    wanted = check(whole)
    hits = number = 0
    while hits < kills:
        workspace, before = create_workspace(folder / str(number)), set()
        number += 1
        while before != wanted and hits < kills:
            hits += kill_in_the_middle(start(source, workspace.path), workspace.path, random_)
            now = check(open_workspace(workspace.path))
            assert before <= now <= wanted
            before = now
        finish(start(source, workspace.path))
        assert check(workspace) == wanted
        sweep_parts(workspace, now_s=time.time() + 2 * PART_LIVES_S)
        assert not list(workspace.blobs.rglob("*.part"))


@pytest.mark.slow
def test_killed_at_random_moments(source: Path, tmp_path: Path) -> None:
    killed_at_random(source, tmp_path, kills=5 if SHORT else 50, seed=4)


def test_two_at_once_add_everything_once(source: Path, tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "w")
    backwards = tmp_path / "backwards.json"
    entries = json.loads((source / "annotations.json").read_text())
    backwards = source / "backwards.jsonl"
    backwards.write_text("\n".join(json.dumps(entry) for entry in reversed(entries)))
    processes = [start(source, workspace.path), start(backwards, workspace.path)]
    told = [finish(process) for process in processes]
    facts = check(workspace)
    assert len(facts) == len(entries) + 2 * sum("text" not in entry for entry in entries)
    for fate in ("trusted", "queued"):
        assert not set(told[0][fate]) & set(told[1][fate])
    assert sum(len(t["trusted"]) + len(t["queued"]) for t in told) == len(facts)
