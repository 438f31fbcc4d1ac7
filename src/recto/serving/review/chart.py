"""Charts: where the marks of the dashboard's pictures stand, in the units of their SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from recto.corrections.pace import Day
from recto.serving.review.loop import Turn

WIDTH, HEIGHT = 640, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 16, 34


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: its column, what stands under it, and what it counts."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Point:
    """One Cycle's candidate: its error rate (0–1), whether it was released, and its place."""

    x: float
    y: float
    rate: float
    name: str
    released: bool


@dataclass(frozen=True, slots=True)
class Path:
    """All points, the line through the released ones, and rates at the axis (0–1) with their height."""

    points: tuple[Point, ...]
    line: str
    ticks: tuple[tuple[float, float], ...]


def day_bars(days: Sequence[Day]) -> list[Bar]:
    """One column a day, the tallest as high as the picture."""
    most = max([day.corrections for day in days], default=0) or 1
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))
    inner = HEIGHT - _TOP - _BOTTOM
    return [
        Bar(
            x=round(_LEFT + i * step + step * 0.15, 1),
            y=round(_TOP + inner * (1 - day.corrections / most), 1),
            width=round(step * 0.7, 1),
            height=round(inner * day.corrections / most, 1),
            label=f"{day.date.day}.{day.date.month}.",
            count=day.corrections,
        )
        for i, day in enumerate(days)
    ]


def error_path(turns: Sequence[Turn]) -> Path | None:
    """The error rate on the test documents from Cycle to Cycle; None where none was measured."""
    measured = [(turn, turn.after) for turn in turns if turn.after is not None]
    if not measured:
        return None
    first = measured[0][0].before
    rates = [rate for _, rate in measured] + ([first] if first is not None else [])
    top = max(rates) * 1.1 or 0.01
    places = len(measured) + (first is not None)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, places)
    inner = HEIGHT - _TOP - _BOTTOM

    def at(i: int, rate: float) -> tuple[float, float]:
        return round(_LEFT + (i + 0.5) * step, 1), round(_TOP + inner * (1 - rate / top), 1)

    points = [] if first is None else [Point(*at(0, first), first, "before", released=True)]
    for turn, rate in measured:
        name = f"Release {turn.release}" if turn.release is not None else f"Cycle {turn.cycle}"
        points.append(Point(*at(len(points), rate), rate, name, released=turn.release is not None))
    line = " ".join(f"{point.x},{point.y}" for point in points if point.released)
    ticks = tuple((top * part, round(_TOP + inner * (1 - part), 1)) for part in (0.0, 0.5, 1.0))
    return Path(tuple(points), line, ticks)
