"""A workspace is made once, found from inside, and says what is wrong with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recto.errors import SettingsError, WorkspaceError
from recto.settings import default_toml
from recto.workspace.folder import Workspace, create_workspace, open_workspace


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


def test_none_is_made_in_what_another_one_keeps(tmp_path: Path) -> None:
    outer = create_workspace(tmp_path)
    for place in (outer.runs, outer.releases / "new"):
        with pytest.raises(WorkspaceError, match="only recto writes into"):
            create_workspace(place)
    assert list(outer.path.glob("*/*")) == []


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


def use(workspace: Workspace, name: str) -> None:
    """Something stands in one of its folders, as only an open workspace makes it."""
    (workspace.path / name / "0001").mkdir(parents=True)


def lose(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("harm", [lose, empty])
@pytest.mark.parametrize("name", ["blobs", "runs", "releases"])
def test_a_lost_database_is_not_replaced_by_an_empty_one(
    tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    file = tmp_path.resolve() / "recto.db"
    use(create_workspace(tmp_path), name)
    kept = file.read_bytes()
    harm(file)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match=f"missing or empty, .* in {name}/") as caught:
            open_workspace(tmp_path)
        assert caught.value.where == str(file)
        assert "restore it from a backup" in caught.value.hint
        assert f"to start anew, move {name}/ away" in caught.value.hint
    file.write_bytes(kept)
    assert open_workspace(tmp_path)
    harm(file)
    (tmp_path / name / "0001").rename(tmp_path / "away")
    assert open_workspace(tmp_path)  # anew, on purpose


def test_nor_is_an_empty_one_elsewhere_taken_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(create_workspace(tmp_path), "releases")
    monkeypatch.setenv("RECTO_DATABASE", "sqlite:///other.db")
    with pytest.raises(WorkspaceError, match=r"other\.db: the database is missing or empty"):
        open_workspace(tmp_path)
    assert not (tmp_path / "other.db").exists()


def test_init_where_settings_and_database_were_lost_says_so(tmp_path: Path) -> None:
    use(create_workspace(tmp_path), "blobs")
    (tmp_path / "recto.toml").unlink()
    assert create_workspace(tmp_path)  # only the settings were lost
    (tmp_path / "recto.toml").unlink()
    (tmp_path / "recto.db").unlink()
    with pytest.raises(WorkspaceError, match="missing or empty"):
        create_workspace(tmp_path)


def test_a_copy_without_empty_folders_opens(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path)
    workspace.runs.rmdir()
    assert open_workspace(tmp_path).runs.is_dir()


def test_mistakes_in_the_settings_are_told(tmp_path: Path) -> None:
    create_workspace(tmp_path)
    (tmp_path / "recto.toml").write_text("[split]\ntrain = 'all'\nval = -1\n")
    with pytest.raises(SettingsError, match="2 settings are wrong"):
        open_workspace(tmp_path)
