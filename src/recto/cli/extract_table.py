"""Answers and Schemas as tables for the terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from recto.cli.extract_answers import Answer
from recto.extraction.fields import Extraction, Found
from recto.extraction.schema import FieldSpec, Schema
from recto.extraction.texts import ENGINE

_WIDEST = 60


def answer_table(answer: Answer) -> str:
    """The answer for people: what was found, what is missing or can't be trusted, and what checks say."""
    console, found = Console(), answer.extraction
    with console.capture() as captured:
        console.print(Text(_printable(answer.document), style="bold"), soft_wrap=True)
        pages = "1 page" if answer.pages == 1 else f"{answer.pages} pages"
        read = f"{pages} of text" if answer.engine == ENGINE else f"{pages} read by {answer.engine}"
        by = f"{found.schema}, by {found.extractor}; {read}"
        console.print(Text(_printable(by)), soft_wrap=True)
        console.print(_table(found))
        for line in _notes(found):
            console.print(line, soft_wrap=True)
        console.print()
    return captured.get()


def schema_table(schema: Schema) -> Table:
    """The fields of a Schema."""
    table = Table(title=schema.name, title_justify="left", title_style="bold")
    for name in ("field", "kind", "", "what it is"):
        table.add_column(name)
    for spec in schema.fields:
        table.add_row(*_spec(spec, ""))
        for item in spec.items:
            table.add_row(*_spec(item, "  "), style="dim")
    return table


def _spec(spec: FieldSpec, indent: str) -> tuple[str, str, str, str]:
    kind = f"{spec.kind} list" if spec.many else spec.kind
    return indent + spec.name, kind, "required" if spec.required else "", spec.description


def _table(found: Extraction) -> Table:
    table = Table()
    table.add_column("field", no_wrap=True)
    table.add_column("value", max_width=_WIDEST)
    table.add_column("as printed", max_width=_WIDEST)
    table.add_column("sure", justify="right", no_wrap=True)
    table.add_column("page", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in found.fields:
        table.add_row(*_row(one), "")
    for note, style, group in (
        ("isn't on the page", "yellow", found.ungrounded),
        ("breaks the schema", "yellow", found.unfit),
    ):
        for one in group:
            table.add_row(*_row(one), note, style=style)
    for name in found.missing:
        table.add_row(name, "", "", "", "", "required, not found", style="red")
    return table


def _row(one: Found) -> tuple[Text, ...]:
    value = " ".join(filter(None, (one.value, one.currency)))
    printed = "" if one.printed == one.value else one.printed
    cells = (one.name, value, printed, f"{100 * one.confidence:.0f} %", str(one.page))
    return tuple(Text(_printable(cell)) for cell in cells)


def _notes(found: Extraction) -> Iterator[Text]:
    for check in found.checks:
        if check.passed is False:
            yield Text(_printable(f"check {check.name} failed: {check.detail}"), style="red")
    for problem in found.problems:
        yield Text(_printable(f"not valid: {problem}"), style="red")
    passed = _names(check.name for check in found.checks if check.passed)
    if passed:
        yield Text(f"checks that passed: {passed}", style="dim")


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)


def _printable(text: str) -> str:
    """Without what a terminal would obey: it comes from strangers' documents."""
    return "".join(sign if sign.isprintable() else " " for sign in text)
