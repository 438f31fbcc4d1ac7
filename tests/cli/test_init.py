"""`recto init` makes a workspace, is content with one, and says where it stands inside another."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.errors import WorkspaceError
from recto.workspace.folder import open_workspace


def init(*words: object) -> Result:
    return CliRunner().invoke(verbs.app, ["init", *map(str, words)], catch_exceptions=False)


def test_it_says_what_it_made_and_what_comes_next(tmp_path: Path) -> None:
    done = init(tmp_path / "shop")
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"{tmp_path.resolve() / 'shop'} is a workspace now" in done.stdout
    assert "recto add" in done.stdout
    assert open_workspace(tmp_path / "shop")


def test_a_second_time(tmp_path: Path) -> None:
    init(tmp_path)
    with pytest.raises(WorkspaceError, match="workspace already"):
        init(tmp_path)
    done = init(tmp_path, "--exist-ok")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "nothing was changed" in done.stdout


def test_inside_another_workspace_it_says_so(tmp_path: Path) -> None:
    init(tmp_path / "outer")
    done = init(tmp_path / "outer" / "a" / "inner")
    assert done.exit_code == 0
    assert f"inside the workspace {tmp_path.resolve() / 'outer'}," in done.stderr
    assert open_workspace(tmp_path / "outer" / "a" / "inner").path.name == "inner"
