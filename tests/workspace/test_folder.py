"""A workspace is made once, found from inside, and says what is wrong with it."""

from pathlib import Path

import pytest

from recto.errors import SettingsError, WorkspaceError
from recto.settings import default_toml
from recto.workspace.folder import create_workspace, open_workspace


def test_it_is_made_and_found_from_inside(tmp_path: Path) -> None:
    made = create_workspace(tmp_path / "new" / "w")
    inside = made.path / "scans" / "2026"
    inside.mkdir(parents=True)
    found = open_workspace(inside)
    assert found.path == made.path == (tmp_path / "new" / "w").resolve()
    assert all(folder.is_dir() for folder in (found.blobs, found.runs, found.releases))
    assert (found.path / "recto.toml").read_text(encoding="utf-8") == default_toml()


def test_the_nearest_counts(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    inner = create_workspace(tmp_path / "inner")
    assert open_workspace(tmp_path / "inner").path == inner.path


def test_a_second_time_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    (tmp_path / "recto.toml").write_text("# mine\n")
    with pytest.raises(WorkspaceError, match=r"workspace already\n.*--exist-ok"):
        create_workspace(tmp_path)
    assert (tmp_path / "recto.toml").read_text() == "# mine\n"


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_bytes(b"mine")
    create_workspace(tmp_path)
    assert (tmp_path / "letter.pdf").read_bytes() == b"mine"


def test_none_there(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"no workspace here.*\n.*`recto init`"):
        open_workspace(tmp_path)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="can't become a workspace"):
        create_workspace(tmp_path / "file")


def test_what_init_left_when_it_was_killed_is_no_workspace_and_init_goes_on(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "recto.toml.part").write_text("[wor")
    with pytest.raises(WorkspaceError):
        open_workspace(tmp_path)
    create_workspace(tmp_path)
    (tmp_path / "recto.db").unlink()  # killed between the settings and the database
    assert open_workspace(tmp_path).path == tmp_path.resolve()


def test_a_copy_without_empty_folders_opens(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    workspace.runs.rmdir()
    assert open_workspace(tmp_path).runs.is_dir()


def test_mistakes_in_the_settings_are_told(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    (tmp_path / "recto.toml").write_text("[split]\ntrain = 'all'\nval = -1\n")
    with pytest.raises(SettingsError, match="2 settings are wrong"):
        open_workspace(tmp_path)
