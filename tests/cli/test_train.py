"""`recto train` says what it wants, and refuses before it begins. Training: tests/training/test_kill.py."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from recto.cli import verbs
from recto.errors import SettingsError

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
