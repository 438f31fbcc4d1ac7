"""The command line as a process: exit codes and messages where the world fails, and its help."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.text import Text
from typer.core import TyperGroup
from typer.main import get_group

from recto.cli import verbs

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


def helps(group: TyperGroup) -> Iterator[str]:
    """Every text of help of the verbs in a group."""
    for verb in group.commands.values():
        yield from (verb.help or "", verb.epilog or "")
        yield from (getattr(parameter, "help", None) or "" for parameter in verb.params)
        if isinstance(verb, TyperGroup):
            yield from helps(verb)


def test_nothing_is_lost_when_help_is_shown() -> None:
    """Help is markup: `[text]` in it would be taken for a style, and vanish."""
    texts = list(helps(get_group(verbs.app)))
    assert len(texts) > 200
    assert not [text for text in texts if Text.from_markup(text).plain.count("[") != text.count("[")]
