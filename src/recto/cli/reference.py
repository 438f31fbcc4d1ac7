"""The reference page of the command line, written from the verbs themselves: `docs/cli.md`.

`make docs` writes the page, and a test compares it with what this says.
"""

import re
from collections.abc import Iterator, Sequence

import typer
from typer.core import TyperGroup
from typer.main import get_group

from recto.cli import verbs

_HEAD = """# The command line

Every verb with its flags. This page is written by `make docs` from the text that `--help` prints, and a test
keeps it current.

Exit codes: 0, all is well; 1, some documents failed, and each is named at the end; 2, the call itself can't
work, with the reason and a hint.
"""


def reference() -> str:
    """The whole page as Markdown."""
    group = get_group(verbs.app)
    return "\n".join([_HEAD, *_group(group, typer.Context(group, info_name="recto"))]).rstrip() + "\n"


def _group(group: TyperGroup, context: typer.Context) -> Iterator[str]:
    """One section per command, those of subgroups in place."""
    for name, command in sorted(group.commands.items()):
        inner = typer.Context(command, info_name=name, parent=context)
        if isinstance(command, TyperGroup):
            yield f"## {inner.command_path}\n\n{_prose(command.help)}\n"
            yield from _group(command, inner)
        elif not command.hidden:
            records = [record for parameter in command.params if (record := parameter.get_help_record(inner))]
            usage = " ".join([inner.command_path, *command.collect_usage_pieces(inner)])
            heading = "#" * (inner.command_path.count(" ") + 1)
            yield f"{heading} {inner.command_path}\n\n{_prose(command.help)}\n"
            yield f"    {usage}\n\n{_table(records)}"


def _table(records: Sequence[tuple[str, str]]) -> str:
    rows = [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in records]
    return "\n".join(["| argument or flag | what it says |", "|---|---|", *rows, ""]) if rows else ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _prose(text: str | None) -> str:
    """Help text without the markers that click understands."""
    return (text or "").replace("\b", "").strip()
