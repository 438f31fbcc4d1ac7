"""The mix of a dataset as a picture: shares by category against the target, by split, and business types."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from recto.datasets.statistics import Part, Statistics
from recto.datasets.writers.places import new_file
from recto.errors import SettingsError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPLIT_COLOURS = {"train": "#2f6690", "val": "#81c3d7", "test": "#e07a3f", "none": "#b8bec6"}
BUSINESS_COLOUR = "#5b8e7d"
INK = "#22303c"
FAINT = "#74818d"
GRID = "#e6eaee"
BAND = "#f6e7b4"
SUFFIXES = (".png", ".svg")
_MAX_BARS = 12
_FIGURES_AT = 1.18  # right of the bars, in widths of the plot


def draw_mix(statistics: Statistics, out: Path, *, title: str) -> None:
    """Draw `statistics` to `out` (.png or .svg, replaced if there). Raises SettingsError, OutputError."""
    if out.suffix.lower() not in SUFFIXES:
        raise SettingsError("a plot is written as .png or .svg", where=out, hint="--plot mix.png")
    from matplotlib.figure import Figure

    parts = statistics.categories[:_MAX_BARS]
    businesses = list(statistics.businesses.items())[:_MAX_BARS]
    rows = [max(len(parts), 2), max(len(businesses), 2)]
    figure = Figure(figsize=(9, 2.1 + 0.42 * sum(rows)), dpi=150, layout="constrained", facecolor="white")
    upper, lower = figure.subplots(2, 1, height_ratios=rows)
    _draw_categories(upper, parts, statistics)
    _draw_businesses(lower, businesses, statistics.documents)
    balance = "balanced" if statistics.balanced else "not balanced"
    heading = f"{title}: {statistics.documents:,} documents, {balance}\n"
    figure.suptitle(heading, x=0.015, ha="left", color=INK, fontsize=13, fontweight="bold", linespacing=0.6)
    with new_file(out, replace=True) as file:
        figure.savefig(file, pad_inches=0.2, bbox_inches="tight")


def _draw_categories(axes: "Axes", parts: tuple[Part, ...], statistics: Statistics) -> None:
    total = max(statistics.documents, 1)
    for row, part in enumerate(parts):
        if part.target is not None:
            _draw_target(axes, row, part.target * 100, statistics.tolerance * 100)
        left = 0.0
        for split, colour in SPLIT_COLOURS.items():
            width = part.by_split.get(split, 0) / total * 100
            axes.barh(row, width, left=left, height=0.56, color=colour, edgecolor="white", linewidth=0.8)
            left += width
        _write_share(axes, row, part.share, part.documents)
    wanted = [min((part.target or 0) + statistics.tolerance, 1.0) for part in parts]
    _name_bars(axes, [part.name for part in parts], "Categories", [part.share for part in parts] + wanted)
    _draw_legend(axes, statistics)


def _draw_target(axes: "Axes", row: int, target: float, tolerance: float) -> None:
    """A band for what counts as balanced, and a tick at the target itself."""
    low, high = max(target - tolerance, 0), min(target + tolerance, 100)
    axes.barh(row, high - low, left=low, height=0.84, color=BAND)
    tick = [row - 0.42, row + 0.42]
    axes.plot([target, target], tick, color=INK, linewidth=2, solid_capstyle="butt", zorder=3)


def _draw_legend(axes: "Axes", statistics: Statistics) -> None:
    """The splits that occur, and the target: above the bars, at the right."""
    axes.plot([], [], color=INK, linewidth=2, label="target")
    axes.barh(0, 0, color=BAND, label=f"± {statistics.tolerance * 100:.0f} points")
    for name, colour in SPLIT_COLOURS.items():
        if statistics.splits.get(name):
            axes.barh(0, 0, color=colour, label=name if name != "none" else "no split")
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(_FIGURES_AT, 0.99),
        ncols=6,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        columnspacing=1.1,
        handlelength=1.2,
    )


def _draw_businesses(axes: "Axes", businesses: list[tuple[str, int]], total: int) -> None:
    shares = [count / max(total, 1) for _, count in businesses]
    for row, (name, count) in enumerate(businesses):
        colour = SPLIT_COLOURS["none"] if name == "none" else BUSINESS_COLOUR
        axes.barh(row, shares[row] * 100, height=0.56, color=colour)
        _write_share(axes, row, shares[row], count)
    names = [name if name != "none" else "none stated" for name, _ in businesses]
    _name_bars(axes, names, "Business types", shares)


def _write_share(axes: "Axes", row: int, share: float, documents: int) -> None:
    """The figures at the right edge, where no bar and no target reaches."""
    beside = axes.get_yaxis_transform()
    text = f"{share:.1%}  ·  {documents:,}"
    axes.text(_FIGURES_AT, row, text, transform=beside, ha="right", va="center", color=INK, fontsize=10)


def _name_bars(axes: "Axes", names: list[str], title: str, shares: list[float]) -> None:
    """Names on the left, a percent scale that ends just beyond the widest bar, and no frame."""
    widest = max(shares, default=1.0)
    step = 20 if widest > 0.5 else 10
    end = max(step, step * math.ceil(widest * 100 / step - 1e-9))
    ticks = range(0, end + 1, step)
    axes.set_xlim(0, end)
    axes.set_xticks(ticks, [f"{tick} %" for tick in ticks], fontsize=9)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names], fontsize=10)
    axes.set_ylim(max(len(names), 2) - 0.5, -0.5)
    axes.set_title(title, loc="left", color=INK, fontsize=11, fontweight="bold")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.tick_params(axis="x", length=0, labelcolor=FAINT)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
