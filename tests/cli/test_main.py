"""The command line as a process: exit codes and messages where the outside world fails."""

import subprocess
import sys

import pytest

RECTO = [sys.executable, "-c", "from recto.cli import main; main()"]


def run(arguments: str, redirection: str) -> "subprocess.CompletedProcess[str]":
    command = f'"$0" "$1" "$2" {arguments} {redirection}'
    return subprocess.run(["bash", "-c", command, *RECTO], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("redirection", "words"),
    [(">/dev/full", "No space left"), (">&-", "standard output is closed")],
)
def test_where_output_cannot_go_it_is_said_without_a_traceback(redirection: str, words: str) -> None:
    done = run("--help", redirection)
    assert done.returncode == 2
    assert words in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_standard_error_changes_nothing() -> None:
    assert run("read no-such-file", "2>&-").returncode == 2
