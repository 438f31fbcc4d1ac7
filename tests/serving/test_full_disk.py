"""A disk that fills under a workspace: whoever asks is told so, and all goes on once there is room again."""

import gc
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import event, text

from recto.errors import OutputFull, WorkspaceFull
from recto.serving.jobs.files import keep_file
from recto.serving.keys import add_key, is_guarded
from recto.serving.service import Service
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.tables import ApiKeyRow

from ..conftest import Make
from .conftest import Reciting, Served, serving, settings_with


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    gc.collect()  # of connections that a logged error still holds
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path, workspace: Workspace) -> Path:
    """The file that takes all room, also what is let go of by those who use the database at this moment."""
    path = disk / "filling"
    while True:
        with suppress(OSError), path.open("ab", buffering=0) as stream:
            while stream.write(b"x" * 4096):
                pass
        try:
            is_guarded(workspace)
        except WorkspaceFull:
            return path


def test_a_database_that_may_not_grow_is_full(workspace: Workspace) -> None:
    engine = workspace.sessions.kw["bind"]
    with engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))

    def limit(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()  # type: ignore[attr-defined]

    event.listen(engine, "connect", limit)
    with pytest.raises(WorkspaceFull, match=r"database or disk is full\n.*free some space"):
        for number in range(200):
            add_key(workspace, f"{number}-{'x' * 1000}")
    event.remove(engine, "connect", limit)
    add_key(workspace, "there is room again")


def test_a_full_disk_is_a_507_for_reads_and_writes_of_the_database(disk: Path, make_pdf: Make) -> None:
    workspace = create_workspace(disk / "work")
    key = add_key(workspace, "shop")
    with serving(Service(settings_with(), workspace, lambda _: Reciting()), key=key) as served:
        filling = fill(disk, workspace)
        check_full(served, make_pdf)
        with pytest.raises(OutputFull, match="No space"), (disk / "filling").open("rb") as large:
            keep_file(workspace, "a", 0, large)
        filling.unlink()
        assert served.client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(1))}).status_code == 202
    with workspace.read() as session:
        assert session.query(ApiKeyRow).count() == 1
    workspace.sessions.kw["bind"].dispose()


def check_full(served: Served, make_pdf: Make) -> None:
    for answer in (
        served.client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(1))}),
        served.client.get("/v1/jobs/" + "0" * 32),
        served.client.post("/v1/read", files={"file": ("a.pdf", make_pdf(1))}),
    ):
        assert answer.status_code == 507, answer.text
        assert answer.json()["type"] == "urn:recto:problem:storage-full"
        assert answer.json()["detail"] == "there is no room for this on the service's disk"
