"""Plots of a FieldReport as inline SVG, as `evaluation/plots` draws. No words of the user stand in them."""

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recto.evaluation.metrics.trust import Judged, accepted, reliability
from recto.evaluation.plots import BASELINE, CANDIDATE, INK, STYLE, svg

_SIZE = (4.2, 3.2)
_TOPS = (2, 5, 10, 15, 20, 30, 40, 50)


def trust(candidate: Sequence[Judged], baseline: Sequence[Judged] | None) -> str:
    """Confidence against the share that is right, in bins; on the line, confidences mean what they say.

    A dot's area grows with how many values are in its bin; the baseline's are hollow.
    """
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        axes.plot((0, 100), (0, 100), color=INK, linewidth=0.7, linestyle=(0, (4, 3)))
        if baseline is not None:
            _dots(axes, baseline, before=True)
        _dots(axes, candidate)
        axes.set(xlabel="confidence, %", ylabel="right, %", xlim=(0, 102), ylim=(0, 102))
        return svg(figure, "trust")


def automation(candidate: Sequence[Judged], baseline: Sequence[Judged] | None) -> str:
    """The share of values that is accepted without a person against the share of these that is wrong."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        if baseline is not None:
            _curve(axes, baseline, before=True)
        _curve(axes, candidate)
        errors = [100 * one.error for judged in (candidate, baseline or ()) for one in accepted(judged)]
        largest = max(errors, default=0.0)
        top = next((top for top in _TOPS if largest <= top), 100)
        axes.set(xlabel="accepted, %", ylabel="of these wrong, %", xlim=(0, 100), ylim=(0, top))
        return svg(figure, "automation")


def _dots(axes: Axes, judged: Sequence[Judged], *, before: bool = False) -> None:
    bins = reliability(judged)
    x, y = [100 * one.confidence for one in bins], [100 * one.accuracy for one in bins]
    sizes = [16 + 260 * one.count / max(len(judged), 1) for one in bins]
    colour = BASELINE if before else CANDIDATE
    axes.plot(x, y, color=colour, linewidth=1, linestyle=":" if before else "-")
    axes.scatter(
        x, y, s=sizes, edgecolors=colour, facecolors="none" if before else colour, alpha=0.8, clip_on=False
    )


def _curve(axes: Axes, judged: Sequence[Judged], *, before: bool = False) -> None:
    steps = accepted(judged)
    colour, style = (BASELINE, (0, (3, 2))) if before else (CANDIDATE, "solid")
    x, y = [100 * one.share for one in steps], [100 * one.error for one in steps]
    axes.plot(x, y, color=colour, linewidth=1.8, linestyle=style, clip_on=False)
