"""History as a picture: each Cycle's candidate against what was current, Release by Release.

It draws records and reads nothing. Test documents may have been added between two Cycles, so that dots of
different Cycles can stand on different documents; a Cycle's own two dots never do.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.writers.places import new_file
from recto.errors import SettingsError, WorkspaceError
from recto.retraining.record import CycleRecord, Headline, Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
INK, FAINT, GRID = "#22303c", "#74818d", "#e6eaee"
RELEASED, REFUSED, CURRENT = "#2f6690", "#c8553d", "#9fb8c8"
_FIGURE_NAMES: dict[Headline, str] = {
    "cer": "CER",
    "cer_casefold": "CER (ignoring case)",
    "mean_f1": "mean F1",
}
_MAX_CYCLES = 40
_MAX_SCOPES = 6
_MAX_DATES = 12
_CROWDED = 16  # more dots than this leave no room for words
_STATES = ("released", "refused")


def draw_history(cycles: Sequence[CycleRecord], out: Path, *, title: str) -> None:
    """Draw the measured Cycles to `out` (.png or .svg, replaced if there), one panel per scope.

    The latest 40 Cycles of a scope are drawn. Raises SettingsError, WorkspaceError where no Cycle was
    measured, OutputError.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise SettingsError("a plot is written as .png or .svg", where=out, hint="--plot history.png")
    panels = _panels(cycles)
    if not panels:
        raise WorkspaceError("no Cycle has been measured yet", where=title, hint="recto improve")
    from matplotlib.figure import Figure

    longest = max(len(rows) for rows in panels.values())
    size = (min(max(7.5, 3.2 + 0.62 * longest), 16), 0.9 + 3.1 * len(panels))
    figure = Figure(figsize=size, dpi=150, layout="constrained", facecolor="white")
    grid = figure.subplots(len(panels), 1, squeeze=False)
    for axes, (scope, rows) in zip(grid[:, 0], panels.items(), strict=True):
        _draw_scope(axes, scope, rows)
    figure.suptitle(title, x=0.015, ha="left", color=INK, fontsize=13, fontweight="bold")
    _draw_legend(figure, grid[0, 0])
    with new_file(out, replace=True) as file:
        figure.savefig(file, pad_inches=0.2, bbox_inches="tight")


def _panels(cycles: Sequence[CycleRecord]) -> dict[str, list[CycleRecord]]:
    """The measured Cycles by scope, at most 40 of each and 6 scopes."""
    panels: dict[str, list[CycleRecord]] = {}
    for cycle in cycles:
        if cycle.state in _STATES and cycle.before and cycle.after:
            panels.setdefault(cycle.scope, []).append(cycle)
    return {scope: rows[-_MAX_CYCLES:] for scope, rows in list(panels.items())[:_MAX_SCOPES]}


def _draw_scope(axes: "Axes", scope: str, rows: Sequence[CycleRecord]) -> None:
    headline = _last_headline(rows)
    places = range(len(rows))
    before = [_percent(row.before, headline) for row in rows]
    after = [_percent(row.after, headline) for row in rows]
    kept = [
        new if row.state == "released" else old for row, old, new in zip(rows, before, after, strict=True)
    ]
    ends = (-0.45, len(rows) - 0.55)
    _line(axes, [ends[0], *places, ends[1]], [before[0], *kept, kept[-1]])
    for place, row in enumerate(rows):
        released = row.state == "released"
        colour = RELEASED if released else REFUSED
        axes.plot([place, place], [before[place], after[place]], color=colour, linewidth=1, alpha=0.55)
        axes.plot(place, before[place], marker="_", markersize=11, color=FAINT, markeredgewidth=1.4)
        face = RELEASED if released else "white"
        marker = "o" if released else "X"
        axes.plot(
            place, after[place], marker=marker, markersize=8, color=colour, markerfacecolor=face, zorder=3
        )
        words = _words(row, after[place], crowded=len(rows) > _CROWDED)
        _write_figure(axes, place, (before[place], after[place]), words)
    _frame(axes, scope, rows, headline)
    axes.set_ylim(0, 1.22 * max(*before, *after, 0.01))


def _line(axes: "Axes", xs: Sequence[float], ys: Sequence[float], label: str = "") -> None:
    """The stairs of what was in use."""
    axes.step(xs, ys, where="post", color=CURRENT, linewidth=2.2, zorder=1, label=label)


def _last_headline(rows: Sequence[CycleRecord]) -> Headline:
    """All dots of a panel are the same figure: the one that the latest Cycle was judged by."""
    after = rows[-1].after
    return after.headline if after else "cer"


def _percent(measured: Measurement | None, headline: Headline) -> float:
    return 100 * measured.figure(headline) if measured else float("nan")


def _write_figure(axes: "Axes", place: int, ends: tuple[float, float], words: str) -> None:
    """The candidate's figure beside its dot, on the side away from what was current."""
    below = ends[1] <= ends[0]
    axes.annotate(
        words,
        (place, ends[1]),
        xytext=(0, -9 if below else 9),
        textcoords="offset points",
        ha="center",
        va="top" if below else "bottom",
        fontsize=8,
        color=REFUSED if words.startswith("refused") else RELEASED,
        linespacing=1.25,
    )


def _words(row: CycleRecord, new: float, *, crowded: bool) -> str:
    """What stands at a dot; where there are many, Releases alone have their number, and nothing else."""
    if row.state != "released":
        return "" if crowded else f"refused\n{new:.2f} %"
    return str(row.release or "") if crowded else f"release {row.release}\n{new:.2f} %"


def _frame(axes: "Axes", scope: str, rows: Sequence[CycleRecord], headline: Headline) -> None:
    """Dates below, a percent scale from zero, and no box."""
    step = -(-len(rows) // _MAX_DATES)
    shown = range(0, len(rows), step)
    axes.set_xticks(list(shown), [f"cycle {rows[i].cycle}\n{rows[i].started_at:%d %b %Y}" for i in shown])
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.yaxis.set_major_formatter("{x:g} %")
    axes.set_title(
        f"{scope}: {_FIGURE_NAMES[headline]} on test documents", loc="left", color=INK, fontsize=10, pad=10
    )
    axes.tick_params(length=0, labelcolor=FAINT, labelsize=8.5)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)


def _draw_legend(figure: "Figure", axes: "Axes") -> None:
    """What the marks mean: below everything, at the left."""
    meanings = (
        ("o", RELEASED, RELEASED, "released"),
        ("X", REFUSED, "white", "refused"),
        ("_", FAINT, FAINT, "current model, same documents"),
    )
    for marker, colour, face, label in meanings:
        axes.plot(
            [], [], marker=marker, color=colour, markerfacecolor=face, linestyle="", markersize=8, label=label
        )
    _line(axes, [], [], "in use")
    figure.legend(
        loc="outside lower left", ncols=4, frameon=False, fontsize=8.5, labelcolor=INK, handletextpad=0.5,
        columnspacing=1.6,
    )  # fmt: skip
