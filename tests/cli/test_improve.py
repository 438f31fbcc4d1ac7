"""`recto improve` says what it wants, and refuses before it begins."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recto.cli import verbs
from recto.errors import RectoError

runner = CliRunner()


def test_help_names_the_flags() -> None:
    shown = runner.invoke(verbs.app, ["improve", "--help"], env={"COLUMNS": "120", "NO_COLOR": "1"}).output
    assert all(flag in shown for flag in ("--out", "--recipe", "--epochs", "--seed", "--overwrite"))


def test_a_missing_dataset_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(RectoError, match="nowhere"):
        runner.invoke(
            verbs.app,
            ["improve", str(tmp_path / "nowhere"), "--out", str(tmp_path / "run")],
            catch_exceptions=False,
        )
    assert not (tmp_path / "run").exists()


def test_a_wrong_recipe_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("epoch: 3\n")
    with pytest.raises(RectoError, match="epoch"):
        runner.invoke(
            verbs.app,
            ["improve", str(tmp_path), "--out", str(tmp_path / "run"), "--recipe", str(tmp_path / "r.yaml")],
            catch_exceptions=False,
        )
