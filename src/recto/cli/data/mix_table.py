"""Tables of a dataset's mix and labels, for the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.data.progress import table_width
from recto.datasets.statistics import Part, Statistics


def print_mix(statistics: Statistics) -> None:
    """The mix by category against the target, and how it stands with balance."""
    splits = [name for name in ("train", "val", "test", "none") if name in statistics.splits]
    table = Table("category")
    for name in ("documents", "share", "target", "verdict", *splits):
        table.add_column(name if name != "none" else "no split", justify="right")
    for part in statistics.categories:
        counts = (str(part.by_split.get(name, 0)) for name in splits)
        target = "" if part.target is None else f"{part.target:.0%}"
        verdict = _verdict(part, statistics.tolerance)
        table.add_row(escape(part.name), str(part.documents), f"{part.share:.1%}", target, verdict, *counts)
    table.add_section()
    totals = (str(statistics.splits[name]) for name in splits)
    table.add_row("all", str(statistics.documents), "", "", "", *totals)
    console = _console()
    console.print(table)
    balance = "balanced" if statistics.balanced else "not balanced"
    console.print(f"{balance} (tolerance ± {statistics.tolerance * 100:.0f} points)")


def print_statistics(statistics: Statistics) -> None:
    """Business types, languages, lengths and labels."""
    table = Table(show_header=False)
    table.add_row("business types", escape(_listed(statistics.businesses)))
    table.add_row("languages", escape(_listed(statistics.languages)))
    lengths = statistics.characters
    if lengths is not None:
        spread = f"{lengths.smallest:,} / {lengths.median:,.0f} / {lengths.largest:,}"
        table.add_row("characters", f"{lengths.total:,}; smallest / median / largest document {spread}")
    table.add_row("with trusted text", str(statistics.with_text))
    table.add_row("with lines", f"{statistics.with_lines} ({statistics.lines:,} lines)")
    table.add_row("with fields", str(statistics.with_fields))
    table.add_row("with a group", str(statistics.with_group))
    _console().print(table)


def _console() -> Console:
    return Console(width=table_width(), highlight=False)


def _verdict(part: Part, tolerance: float) -> str:
    if part.target is None:
        return ""
    points = (part.share - part.target) * 100
    if abs(points) <= tolerance * 100 + 1e-6:
        return "[green]ok[/green]"
    return f"[yellow]{'over' if points > 0 else 'under'} by {abs(points):.0f} points[/yellow]"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
