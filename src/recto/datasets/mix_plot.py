"""The mix of a dataset as a picture: shares by category against the target, by split, and business types."""

from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.statistics import Part, Statistics
from recto.datasets.writers.places import new_file
from recto.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPLIT_COLOURS = {"train": "#2f6690", "val": "#81c3d7", "test": "#e07a3f", "none": "#b8bec6"}
INK = "#22303c"
FAINT = "#8a96a3"
GRID = "#e6eaee"
SUFFIXES = (".png", ".svg")
_MAX_BARS = 12


def draw_mix(statistics: Statistics, out: Path, *, title: str) -> None:
    """Draw `statistics` to `out` (.png or .svg, replaced if there). Raises SettingsError, OutputError."""
    if out.suffix.lower() not in SUFFIXES:
        raise SettingsError("a plot is written as .png or .svg", where=out, hint="--plot mix.png")
    from matplotlib.figure import Figure

    parts = statistics.categories[:_MAX_BARS]
    businesses = list(statistics.businesses.items())[:_MAX_BARS]
    rows = [max(len(parts), 2), max(len(businesses), 2)]
    figure = Figure(figsize=(9, 1.9 + 0.5 * sum(rows)), dpi=150, layout="constrained", facecolor="white")
    upper, lower = figure.subplots(2, 1, height_ratios=rows)
    _draw_categories(upper, parts, statistics)
    _draw_businesses(lower, businesses, statistics.documents)
    balance = "balanced" if statistics.balanced else "not balanced"
    figure.suptitle(
        f"{title}: {statistics.documents:,} documents, {balance}",
        x=0.02,
        ha="left",
        color=INK,
        fontsize=14,
        fontweight="bold",
    )
    with new_file(out, replace=True) as file:
        figure.savefig(file)


def _draw_categories(axes: "Axes", parts: tuple[Part, ...], statistics: Statistics) -> None:
    total = max(statistics.documents, 1)
    for row, part in enumerate(parts):
        left = 0.0
        for split, colour in SPLIT_COLOURS.items():
            width = part.by_split.get(split, 0) / total * 100
            axes.barh(row, width, left=left, height=0.62, color=colour, edgecolor="white", linewidth=0.8)
            left += width
        if part.target is not None:
            _draw_target(axes, row, part.target * 100, statistics.tolerance * 100)
        axes.text(
            left + 1, row, f"{part.share:.1%}  ({part.documents:,})", va="center", color=INK, fontsize=10
        )
    _name_bars(axes, [part.name for part in parts], "Share of each category")
    shown = [name for name in SPLIT_COLOURS if statistics.splits.get(name)]
    for name in shown:
        axes.barh(0, 0, color=SPLIT_COLOURS[name], label=name if name != "none" else "no split")
    axes.plot([], [], color=INK, linewidth=2, label="target ± tolerance")
    axes.legend(loc="lower right", ncols=5, frameon=False, fontsize=9, bbox_to_anchor=(1, 1))


def _draw_target(axes: "Axes", row: int, target: float, tolerance: float) -> None:
    low, high = max(target - tolerance, 0), min(target + tolerance, 100)
    axes.plot([target, target], [row - 0.4, row + 0.4], color=INK, linewidth=2, solid_capstyle="butt")
    axes.plot([low, high], [row + 0.4, row + 0.4], color=INK, linewidth=1)


def _draw_businesses(axes: "Axes", businesses: list[tuple[str, int]], total: int) -> None:
    for row, (name, count) in enumerate(businesses):
        share = count / max(total, 1)
        colour = SPLIT_COLOURS["none"] if name == "none" else "#5b8e7d"
        axes.barh(row, share * 100, height=0.62, color=colour)
        axes.text(share * 100 + 1, row, f"{share:.1%}  ({count:,})", va="center", color=INK, fontsize=10)
    names = [name if name != "none" else "none stated" for name, _ in businesses]
    _name_bars(axes, names, "Business types")
    axes.set_xlabel("% of all documents", color=FAINT, fontsize=9)


def _name_bars(axes: "Axes", names: list[str], title: str) -> None:
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], color=INK, fontsize=10)
    axes.set_ylim(max(len(names), 2) - 0.4, -0.6)
    axes.set_xlim(0, 118)
    axes.set_xticks(range(0, 101, 20))
    axes.set_title(title, loc="left", color=FAINT, fontsize=10)
    axes.tick_params(axis="both", length=0, labelcolor=INK)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
