"""Plots of a Report as inline SVG: real text, and colours that follow the page's theme.

No words of the user stand in them, so that no font can be missing; names stand in the page around them.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

STYLE = Path(__file__).parent / "templates" / "plots.mplstyle"
_THEME = {"#010101": "currentColor", "#020202": "var(--candidate)", "#030303": "var(--baseline)"}
INK, CANDIDATE, BASELINE = _THEME
"""Colours that stand in for those of the page."""
_BINS = 20


def distribution(candidate: Sequence[float], baseline: Sequence[float] | None) -> str:
    """A histogram of per-document error rates (0–1), the baseline's beside the candidate's where given.

    The baseline is hatched as well as coloured.
    """
    top = _nice_top(max((*candidate, *(baseline or ())), default=0.0))
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(5.6, 3.0), layout="constrained")
        axes = figure.add_subplot()
        step = 100 * top / _BINS
        if baseline is None:
            _bars(axes, candidate, top, (0.08 * step, 0.84 * step))
        else:
            _bars(axes, baseline, top, (0.06 * step, 0.44 * step), before=True)
            _bars(axes, candidate, top, (0.5 * step, 0.44 * step))
        axes.set(xlabel="CER of a document, %", ylabel="documents", xlim=(0, 100 * top))
        axes.locator_params(axis="y", integer=True)
        return svg(figure, "spread")


def before_after(candidate: Sequence[float], baseline: Sequence[float]) -> str:
    """Each document as a dot: the baseline's error rate against the candidate's; below the line is better."""
    top = _nice_top(max((*candidate, *baseline), default=0.0))
    ends = (0, 100 * top)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(3.6, 3.0), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(ends, ends, color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
        x, y = (100 * np.clip(v, 0, top) for v in (baseline, candidate))
        axes.scatter(x, y, s=16, color=CANDIDATE, alpha=0.65, linewidths=0, clip_on=False)
        axes.set(xlabel="baseline, %", ylabel="candidate, %", xlim=ends, ylim=ends)
        _note(axes, "better", (0.97, 0.05), "right")
        _note(axes, "worse", (0.03, 0.92), "left")
        return svg(figure, "dots")


def _bars(
    axes: Axes, values: Sequence[float], top: float, place: tuple[float, float], *, before: bool = False
) -> None:
    """Bars of one engine; `place` is their offset in a bin and their width."""
    counts, edges = np.histogram(np.clip(values, 0, top), bins=_BINS, range=(0, top))
    offset, width = place
    colour, hatch = (BASELINE, "/////") if before else (CANDIDATE, None)
    axes.bar(100 * edges[:-1] + offset, counts, width, align="edge", color=colour, hatch=hatch, linewidth=0)


def _note(axes: Axes, text: str, place: tuple[float, float], side: str) -> None:
    axes.text(*place, text, transform=axes.transAxes, ha=side, style="italic", alpha=0.6)


def _nice_top(largest: float) -> float:
    """The axis' end: the next round figure above the largest value, at most 1."""
    return next((top for top in (0.05, 0.1, 0.2, 0.3, 0.5, 0.75) if largest <= top), 1.0)


def svg(figure: Figure, name: str) -> str:
    """The figure as one <svg> element for HTML: theme colours, ids of its own, no prolog, no addresses."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for stand_in, colour in _THEME.items():
        text = text.replace(stand_in, colour)
    return text
