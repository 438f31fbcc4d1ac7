"""`recto releases diff` on the terminal and as JSON: facts, figures, and documents that moved."""

from dataclasses import asdict

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.data.progress import table_width
from recto.registry.difference import Movement, ReleaseDifference

_SHOWN = ("cer", "cer_casefold", "wer", "wer_casefold", "word_f1", "exact_match", "seconds_per_page")
_MOST = 10


def print_difference(found: ReleaseDifference) -> None:
    """What changed from one Release to the other."""
    console = Console(width=table_width(), highlight=False)
    names = f"Release {found.before.number}", f"Release {found.after.number}"
    if found.changes:
        table = Table("", *names, title="where they come from", title_justify="left")
        for change in found.changes:
            table.add_row(escape(change.name), escape(_short(change.before)), escape(_short(change.after)))
        console.print(table)
    else:
        console.print("both come from the same data, recipe, code and base weights")
    console.print(_documents(found))
    for metric in _SHOWN:
        if metric in found.figures:
            style = "bold" if metric == found.headline else None
            console.print(escape(found.figures[metric].words), style=style, soft_wrap=True)
    _print_movements(console, found.movements, names)


def difference_json(found: ReleaseDifference) -> dict[str, JsonValue]:
    """The same as JSON, every document that moved included."""
    changes: list[JsonValue] = [asdict(change) for change in found.changes]
    movements: list[JsonValue] = [asdict(movement) for movement in found.movements]
    figures: dict[str, JsonValue] = {name: d.model_dump() for name, d in found.figures.items()}
    return {
        "before": found.before.number,
        "after": found.after.number,
        "changes": changes,
        "headline": found.headline,
        "documents": {
            "shared": found.shared,
            "only_before": found.only_before,
            "only_after": found.only_after,
        },
        "figures": figures,
        "movements": movements,
    }


def _documents(found: ReleaseDifference) -> str:
    if not found.shared:
        return "they weren't measured on any document in common, so their figures can't be compared"
    better = sum(m.after < m.before for m in found.movements)
    worse = len(found.movements) - better
    same = found.shared - len(found.movements)
    told = f"{found.shared} test documents in common: {better} better, {same} the same, {worse} worse"
    alone = ((found.only_before, found.before.number), (found.only_after, found.after.number))
    return told + "".join(f"; {count} only with Release {number}" for count, number in alone if count)


def _print_movements(console: Console, movements: tuple[Movement, ...], names: tuple[str, str]) -> None:
    """The documents that improved most, and those that got worse most."""
    better = [m for m in movements if m.after < m.before][:_MOST]
    worse = [m for m in reversed(movements) if m.after > m.before][:_MOST]
    for title, rows in (("most improved", better), ("worse", worse)):
        if rows:
            table = Table("document", *names, "points", title=title, title_justify="left")
            for row in rows:
                page = f", page {row.page}" if row.page > 1 else ""
                table.add_row(
                    escape(row.document + page),
                    f"{100 * row.before:.2f} %",
                    f"{100 * row.after:.2f} %",
                    f"{100 * (row.after - row.before):+.2f}".replace("-", "−"),
                )
            console.print(table)


def _short(value: str) -> str:
    """A hash by its first digits; anything else as it is."""
    return f"{value[:12]}…" if len(value) == 64 and set(value) <= set("0123456789abcdef") else value
