"""`recto train` says what it wants, and refuses before it begins. Training: tests/training/test_kill.py."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recto.cli import verbs
from recto.cli.training_options import resumable
from recto.errors import OutputError, SettingsError
from recto.workspace.folder import create_workspace

runner = CliRunner()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--out is missing"),
        (["--out", "run", "--resume", "--overwrite"], "exclude each other"),
    ],
)
def test_flags_that_make_no_sense(tmp_path: Path, flags: list[str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        runner.invoke(verbs.app, ["train", str(tmp_path), *flags], catch_exceptions=False)


def test_ctrl_c_before_anything_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = {"--recipe": tmp_path / "r.yaml", "--epochs": None, "--seed": 0}
    with pytest.raises(typer.Exit) as stopped, resumable("train", tmp_path, tmp_path / "run", flags):
        raise KeyboardInterrupt
    assert stopped.value.exit_code == 130
    assert capsys.readouterr().err == (
        f"stopped; nothing was begun; this goes on: recto train {tmp_path} --out {tmp_path / 'run'} --resume "
        f"--recipe {tmp_path / 'r.yaml'} --seed 0\n"
    )


def test_only_recto_writes_into_the_folders_of_a_workspace(tmp_path: Path) -> None:
    runs = create_workspace(tmp_path / "w").runs
    with (
        pytest.raises(OutputError, match="only recto writes into"),
        resumable("train", tmp_path, runs / "mine", {}),
    ):
        pass
