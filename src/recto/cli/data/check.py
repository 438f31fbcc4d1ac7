"""`recto data check`: every problem of a dataset at once, with file and row."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli.data import data_app
from recto.cli.data.progress import progress, table_width

if TYPE_CHECKING:
    from recto.datasets.check import Check
    from recto.datasets.problem import Reading


@data_app.command()
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Datasets of any format, checked together.")
    ],
    *,
    near: Annotated[bool, typer.Option(help="Look for pages that look alike, too (near duplicates).")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show every problem at once: files, texts, boxes, duplicates, leaks. Exit code 1 if there are errors."""
    from recto.datasets import check as checking
    from recto.datasets.scanning import scan

    reading = _read(paths)
    with progress("Opening documents", len(reading.examples)) as advance:
        scans = scan(reading.examples, on_each=advance)
    result = checking.check(reading, scans, paths[0], near=near)
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False, indent=2))
    else:
        _print(result)
    if result.count("error"):
        raise typer.Exit(1)


def _read(paths: list[Path]) -> "Reading":
    """All paths as one Reading; a file that can't be read as a whole is a Problem like any other."""
    from recto.datasets.loading import read_dataset
    from recto.datasets.problem import Problem, Reading
    from recto.errors import DatasetError

    together = Reading()
    for path in paths:
        try:
            reading = read_dataset(path)
        except DatasetError as error:
            hint = f" (hint: {error.hint})" if error.hint else ""
            together.problems.append(Problem(error.where or str(path), "", error.what + hint))
            continue
        together.examples += reading.examples
        together.problems += reading.problems
    return together


def _print(result: "Check") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=table_width(), highlight=False)
    for level, style in (("error", "red"), ("warning", "yellow")):
        problems = [problem for problem in result.problems if problem.level == level]
        if not problems:
            continue
        table = Table("file", "row", "problem", title=_counted(len(problems), level), title_style=style)
        for problem in problems:
            table.add_row(escape(problem.file), escape(problem.row), escape(problem.what))
        console.print(table)
    splits = ", ".join(f"{name} {count}" for name, count in result.splits.items())
    shares = f" ({splits})" if splits else ""
    documents = f"{_counted(result.examples, 'document')}{shares}"
    console.print(f"{documents}; {result.without_text} without trusted text")
    if result.new_categories:
        console.print(f"new categories: {escape(', '.join(result.new_categories))}")
    console.print(
        f"{_counted(result.count('error'), 'error')}, {_counted(result.count('warning'), 'warning')}; "
        f"{result.exact_duplicates} exact duplicates, {result.look_alikes} look-alikes, {result.leaks} leaks"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
